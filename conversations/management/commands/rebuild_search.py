from typing import Any

from django.core.management.base import BaseCommand

from conversations import services


class Command(BaseCommand):
    help = "Write the search documents of all conversations anew."

    def handle(self, *args: Any, **options: Any) -> None:
        def say(done: int, total: int) -> None:
            share = 100 * done // max(total, 1)
            self.stdout.write(f"\r{share} %", ending="")
            self.stdout.flush()

        number = services.rebuild_documents(progress=say)
        self.stdout.write(f"\r{number} conversations can be searched.")
