import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from supportdesk.demo.load import cast
from supportdesk.demo.load.filling import fill

_BAR = 40


class Command(BaseCommand):
    help = "Fill an account of its own with as much as a big shop has after years."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--conversations", type=int, default=1_000_000)
        parser.add_argument("--messages", type=int, default=10_000_000)
        parser.add_argument("--account", default=cast.NAME, help="name of the account")
        parser.add_argument("--seed", type=int, default=1, help="tells other stories")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                "Load is refused in production. "
                "Set ENVIRONMENT=development on a machine that is yours alone."
            )
        self.began = time.monotonic()
        try:
            account = fill(
                account=options["account"],
                conversations=options["conversations"],
                messages=options["messages"],
                seed=options["seed"],
                now=timezone.now(),
                progress=self._show,
            )
        except (cast.NotOurs, ValueError) as error:
            raise CommandError(f"{error} Nothing changed.") from error
        owner = account.agents.get(role="owner")
        self.stdout.write(f"{account.name}: filled; its owner is {owner.email}.")

    def _show(self, done: int, total: int) -> None:
        bar = "█" * (_BAR * done // total)
        seconds = time.monotonic() - self.began
        left = f"{seconds * (total - done) / done:.0f} s left" if done else ""
        end = "\n" if done == total else ""
        self.stderr.write(f"\r{bar:<{_BAR}} {done:,}/{total:,}  {left:<12}", ending=end)
        self.stderr.flush()
