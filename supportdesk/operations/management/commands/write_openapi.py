from typing import Any

from django.core.management.base import BaseCommand

from supportdesk.api.openapi import FILE, description


class Command(BaseCommand):
    help = "Writes the description of the API to docs/openapi.json."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        FILE.write_text(description(), encoding="utf-8")
        self.stdout.write(f"{FILE.name}: {FILE.stat().st_size} bytes")
