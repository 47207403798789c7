"""How many card numbers were hidden, by day and channel; the numbers are nowhere."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate

from conversations.models import Channel, Message
from supportdesk.accounts.models import Account

DAYS = 30


@dataclass(frozen=True)
class HiddenCards:
    day: date
    channel: str
    number: int


def hidden_cards(account: Account, now: datetime) -> list[HiddenCards]:
    """Of the last 30 days, the newest first; days are the account's."""
    rows = (
        Message.objects.filter(
            conversation__account=account,
            hidden_cards__gt=0,
            created_at__gt=now - timedelta(days=DAYS),
        )
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=account.tz))
        .values_list("day", "conversation__channel_kind")
        .annotate(number=Sum("hidden_cards"))
        .order_by("-day", "conversation__channel_kind")
    )
    names = dict(Channel.Kind.choices)
    return [HiddenCards(day, str(names[kind]), number) for day, kind, number in rows]
