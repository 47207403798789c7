"""Agents told by colleagues' doing: made responsible, named in a note."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from conversations.access import may_see
from conversations.models import Message
from conversations.querysets import MessageQuerySet
from notifications.models import Event, Notification
from notifications.services.recipients import (
    assignees_of,
    colleagues_of,
    rows_for_colleague,
)

AT_ONCE = 200

# They may see it at the desk.
MAIL_DELAY = timedelta(minutes=2)

# A push that comes later than this is none.
PUSH_LASTS = timedelta(minutes=15)


def find_for_colleagues(*, since: datetime, now: datetime) -> int:
    """Tell of everything that colleagues did since then; returns how many rows."""
    at, pk, count = since, 0, 0
    while True:
        rows = for_colleagues().filter(created_at__gte=at)
        told = Notification.objects.filter(message=OuterRef("pk"))
        page = list(
            rows.exclude(created_at=at, pk__lte=pk)
            .exclude(Exists(told))
            .order_by("created_at", "pk")[:AT_ONCE]
        )
        if not page:
            return count
        count += _tell(page, now)
        at, pk = page[-1].created_at, page[-1].pk


def tell_colleagues(*, message_id: int, now: datetime | None = None) -> int:
    """Tell of this one at once; what is told already is not told again."""
    messages = list(for_colleagues().filter(pk=message_id))
    return _tell(messages, now or timezone.now())


def is_for_colleagues(message: Message) -> bool:
    """Whether somebody may have to be told of it; costs nothing."""
    return message.event == Message.Event.ASSIGNED or (
        message.is_note and bool(message.data.get("mentions"))
    )


def for_colleagues() -> MessageQuerySet:
    rows = Message.objects.filter(
        Q(event=Message.Event.ASSIGNED)
        | Q(kind=Message.Kind.NOTE, data__has_key="mentions")
    )
    return rows.select_related("conversation__account")


@transaction.atomic
def _tell(messages: Sequence[Message], now: datetime) -> int:
    if not messages:
        return 0
    threads = {message.conversation_id: message.conversation for message in messages}
    around = colleagues_of(thread.account_id for thread in threads.values())
    assignees = assignees_of(threads)
    rows = []
    for message in messages:
        thread = threads[message.conversation_id]
        named = _named(message)
        for colleague in around[thread.account_id]:
            if colleague.agent.pk not in named:
                continue
            if not may_see(colleague.agent, thread, assignees[thread.pk]):
                continue
            rows += rows_for_colleague(
                colleague,
                thread,
                event=Event.MENTIONED if message.is_note else Event.ASSIGNED,
                occasion=f"message {message.pk}",
                now=now,
                due_at=message.created_at + MAIL_DELAY,
                message=message,
            )
    late = {message.pk for message in messages if now - message.created_at > PUSH_LASTS}
    rows = [
        row
        for row in rows
        if row.way == Notification.Way.MAIL or row.message_id not in late
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _named(message: Message) -> set[int]:
    """Keys of agents it is about, without its author; nonsense names nobody."""
    found = message.data.get("mentions") if message.is_note else None
    if not message.is_note:
        found = [message.data.get("agent_id")]
    if not isinstance(found, list):
        return set()
    return {pk for pk in found if type(pk) is int} - {message.agent_id or 0}
