from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from conversations import services
from supportdesk.demo import seeding
from supportdesk.demo.stories import SHOPS


class Command(BaseCommand):
    help = "Fill the desk with invented shops, agents and conversations to try it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset",
            action="store_true",
            help="delete the demo accounts and build them anew",
        )

    def handle(self, *args: Any, reset: bool, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                "Demo data is refused in production: its passwords are public. "
                "Set ENVIRONMENT=development on a machine that is yours alone."
            )
        with transaction.atomic():
            for shop in SHOPS:
                self._seed(shop, reset=reset)
        # Reports show it at once. Twice, for the first time only looks ahead.
        for _ in range(2):
            services.count_new_messages()

    def _seed(self, shop: seeding.Shop, *, reset: bool) -> None:
        account = seeding.find_shop(shop)
        if account is not None and not reset:
            self.stdout.write(
                f"{shop.name}: already there, nothing changed (--reset builds it anew)."
            )
            return
        if taken := seeding.foreign_addresses(shop):
            raise CommandError(
                f"{', '.join(taken)}: in use outside the demo account. Nothing changed."
            )
        if account is not None:
            seeding.delete_shop(account)
        seeding.build_shop(shop)
        self.stdout.write(
            f"{shop.name}: built, {len(shop.stories)} conversations; sign in as "
            f"{shop.team[0].email}, password {seeding.PASSWORD}."
        )
