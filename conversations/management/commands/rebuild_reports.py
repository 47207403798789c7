from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from conversations import services
from conversations.models import Conversation
from supportdesk.accounts.models import Account

_BAR = 40


class Command(BaseCommand):
    help = "Count the figures of the reports anew, from all messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", type=UUID, help="public id; else all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        account = None
        if options["account"]:
            account = Account.objects.filter(public_id=options["account"]).first()
            if account is None:
                raise CommandError("There is no such account. Nothing changed.")
        conversations = Conversation.with_merged.all()
        if account:
            conversations = conversations.filter(account=account)
        self.done, self.total = 0, conversations.count()
        # What nobody has counted yet counts too, as far as it is settled.
        services.count_new_messages(max_steps=1)
        services.rebuild_figures(account=account, progress=self._show)
        self.stdout.write("The figures are counted anew.")

    def _show(self, more: int) -> None:
        self.done = min(self.done + more, self.total)
        bar = "█" * (_BAR * self.done // max(self.total, 1))
        end = "\n" if self.done == self.total else ""
        self.stderr.write(f"\r{bar:<{_BAR}} {self.done:,}/{self.total:,}", ending=end)
        self.stderr.flush()
