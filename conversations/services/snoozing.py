"""Conversations that are put off, and how they come back."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Assignment, Conversation, ConversationRead, Message
from conversations.services.thread import append_event, lock_seen
from conversations.snoozing import MAX_SNOOZE
from supportdesk.accounts.models import User

AT_ONCE = 1000


@transaction.atomic
def snooze_conversation(
    *,
    conversation_id: int,
    until: datetime,
    agent: User,
    now: datetime | None = None,
) -> Conversation:
    """Put an open conversation out of sight until then; the same moment again
    changes nothing.

    Raises ConversationError for a resolved one, and for a moment that has passed or
    is more than a year away.
    """
    now = now or timezone.now()
    if until <= now:
        raise ConversationError(_("Please choose a time in the future."))
    if until - now > MAX_SNOOZE:
        raise ConversationError(_("Please choose a time within a year."))
    conversation = lock_seen(conversation_id, agent)
    if not conversation.is_open:
        raise ConversationError(_("Only an open conversation can be snoozed."))
    if conversation.snoozed_until == until:
        return conversation
    conversation.snoozed_until = until
    append_event(
        conversation,
        Message.Event.SNOOZED,
        agent=agent,
        data={"until": until.isoformat()},
        changed=["snoozed_until"],
    )
    return conversation


@transaction.atomic
def wake_conversation(*, conversation_id: int, agent: User) -> Conversation:
    """Bring it back by hand, to where it was; a second time changes nothing."""
    conversation = lock_seen(conversation_id, agent)
    if conversation.snoozed_until is not None:
        wake(conversation, agent=agent)
    return conversation


def due_ids(*, now: datetime | None = None) -> list[int]:
    """Conversations whose time has come, the longest overdue first."""
    due = Conversation.objects.filter(snoozed_until__lte=now or timezone.now())
    due = due.order_by("snoozed_until")
    return list(due.values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def wake_when_due(*, conversation_id: int, now: datetime | None = None) -> bool:
    """Bring it back if its time has come: at the top of Open, and unread for whoever
    is responsible. Who comes second, or too early by now, changes nothing.
    """
    now = now or timezone.now()
    conversation = (
        Conversation.objects.select_for_update()
        .filter(pk=conversation_id, snoozed_until__lte=now)
        .first()
    )
    if conversation is None:
        return False
    conversation.last_activity_at = max(conversation.last_activity_at, now)
    _make_unread(conversation)
    wake(conversation, changed=["last_activity_at"])
    return True


def wake(
    conversation: Conversation,
    *,
    agent: User | None = None,
    by_message: bool = False,
    changed: list[str] | None = None,
) -> None:
    """End the snooze of a locked conversation; without agent its time has come, or the
    visitor wrote (`by_message`)."""
    conversation.snoozed_until = None
    append_event(
        conversation,
        Message.Event.WOKEN,
        agent=agent,
        data={"by": "agent" if agent else "message" if by_message else "time"},
        changed=["snoozed_until", *(changed or ())],
    )


def _make_unread(conversation: Conversation) -> None:
    count = conversation.visitor_message_count
    assignees = Assignment.objects.filter(conversation=conversation)
    ConversationRead.objects.filter(
        conversation=conversation,
        agent__in=assignees.values("agent"),
        visitor_messages__gte=count,
    ).update(visitor_messages=max(count - 1, 0))
