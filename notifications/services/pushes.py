"""New messages of visitors, for browsers that show them while no tab is open."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from conversations.access import may_see
from conversations.models import Conversation, ConversationRead
from conversations.querysets import ConversationQuerySet
from notifications.models import Event, Notification, PushSubscription
from notifications.services.bursts import waiting
from notifications.services.recipients import (
    assignees_of,
    colleagues_of,
    followers_of,
)
from notifications.services.telling import PUSH_LASTS
from supportdesk.accounts.models import User

AT_ONCE = 200


def find_pushes(*, since: datetime, now: datetime) -> int:
    """Push news of conversations that wait; returns how many rows. One query, and a
    small one, where no agent has a browser that takes pushes."""
    account_ids = subscribed_account_ids()
    if not account_ids:
        return 0
    at, pk, count = max(since, now - PUSH_LASTS), 0, 0
    while True:
        rows = _unpushed(waiting(at)).filter(account__in=account_ids)
        page = list(
            rows.exclude(last_activity_at=at, pk__lte=pk).order_by(
                "last_activity_at", "pk"
            )[:AT_ONCE]
        )
        if not page:
            return count
        count += _push(page, now)
        at, pk = page[-1].last_activity_at, page[-1].pk


def push_conversation(*, conversation_id: int, now: datetime | None = None) -> int:
    """Push the news of this one, unless that has been done."""
    now = now or timezone.now()
    rows = _unpushed(waiting(now - PUSH_LASTS)).filter(pk=conversation_id)
    return _push(list(rows), now)


def subscribed_account_ids() -> frozenset[int]:
    """Accounts with an agent whose browser takes pushes."""
    agents = User.objects.active().filter(
        Exists(PushSubscription.objects.filter(agent=OuterRef("pk")))
    )
    return frozenset(
        pk for pk in agents.values_list("account", flat=True).distinct() if pk
    )


def _unpushed(conversations: ConversationQuerySet) -> ConversationQuerySet:
    """Those whose last visitor message nobody was told of yet."""
    occasion = Concat(
        Cast(OuterRef("pk"), CharField()),
        Value(" message "),
        Cast(OuterRef("visitor_message_count"), CharField()),
    )
    pushed = Notification.objects.filter(
        conversation=OuterRef("pk"), kind=Event.MESSAGE, occasion=occasion
    )
    return conversations.exclude(Exists(pushed))


@transaction.atomic
def _push(conversations: Sequence[Conversation], now: datetime) -> int:
    """To whom it is theirs and who follows it, or while it is nobody's to all who may
    see it; not to whoever has it open."""
    if not conversations:
        return 0
    around = colleagues_of(conversation.account_id for conversation in conversations)
    ids = [conversation.pk for conversation in conversations]
    assignees, followers = assignees_of(ids), followers_of(ids)
    reads = {
        (conversation_id, agent_id): count
        for conversation_id, agent_id, count in ConversationRead.objects.filter(
            conversation__in=ids
        ).values_list("conversation", "agent", "visitor_messages")
    }
    rows = []
    for thread in conversations:
        responsible = assignees[thread.pk]
        count = thread.visitor_message_count
        for colleague in around[thread.account_id]:
            agent = colleague.agent
            if not colleague.wants_push(Event.MESSAGE):
                continue
            concerned = responsible | followers[thread.pk]
            if responsible and agent.pk not in concerned:
                continue
            if not may_see(colleague.agent, thread, responsible):
                continue
            if reads.get((thread.pk, agent.pk), 0) >= count:
                continue
            if colleague.quiet_until(thread.account.tz, now) is not None:
                continue
            rows.append(
                Notification(
                    account_id=thread.account_id,
                    conversation=thread,
                    kind=Event.MESSAGE,
                    way=Notification.Way.PUSH,
                    agent=agent,
                    occasion=f"{thread.pk} message {count}",
                    data={"visitor_messages": count},
                    due_at=now,
                )
            )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
