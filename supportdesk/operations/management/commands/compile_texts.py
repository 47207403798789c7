from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from supportdesk.operations.texts import compile_texts


class Command(BaseCommand):
    help = "Compiles the translations that changed, without the gettext tools."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path in compile_texts(settings.LOCALE_PATHS):
            self.stdout.write(f"compiled {path}")
