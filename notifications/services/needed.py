"""Whether a notification is still to be sent when its turn has come."""

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from conversations.access import may_see
from conversations.models import Assignment, ConversationRead, Message
from notifications.models import (
    Burst,
    Event,
    ExtraRecipient,
    Notification,
    NotificationSettings,
)
from notifications.services.recipients import assignees_of, colleagues
from notifications.services.telling import PUSH_LASTS
from supportdesk.accounts.models import User

Kind, Way = Notification.Kind, Notification.Way


def still_needed(notification: Notification, *, now: datetime | None = None) -> bool:
    """Whether what it tells is still news to somebody who may know it.

    Between writing and sending lie delays, quiet hours and attempts: the message may
    be answered, the agent be switched off, the address be taken off the list.
    """
    if notification.kind not in Event.values:
        return True
    now = now or timezone.now()
    is_push = notification.way == Way.PUSH
    if is_push and now - notification.created_at > PUSH_LASTS:
        return False
    if notification.conversation is None or not _is_recipient(notification):
        return False
    if notification.kind in Burst.Kind.values:
        return _is_switched_on(notification) and _is_waiting(notification)
    if notification.kind == Kind.MESSAGE:
        return _is_unread(notification)
    return _is_unseen(notification)


def _is_recipient(notification: Notification) -> bool:
    """Whether this agent or address is still to be told of such things."""
    conversation = notification.conversation
    assert conversation is not None  # noqa: S101
    if notification.agent_id is None:
        extras = ExtraRecipient.objects.filter(
            account=notification.account_id,
            event=notification.kind,
            email=notification.recipient_email,
        )
        return any(
            group_id in (None, conversation.group_id)
            for group_id in extras.values_list("group", flat=True)
        )
    found = colleagues(User.objects.filter(pk=notification.agent_id))
    if not found:
        return False
    [colleague] = found
    if notification.way == Way.PUSH:
        is_wanted = colleague.wants_push(notification.kind)
    else:
        is_wanted = colleague.wants_mail(notification.kind)
    assignees = assignees_of([conversation.pk])[conversation.pk]
    return is_wanted and may_see(colleague.agent, conversation, assignees)


def _is_switched_on(notification: Notification) -> bool:
    """Whether the account still tells of such things at all."""
    chosen = getattr(notification.account, "notification_settings", None)
    return bool(getattr(chosen or NotificationSettings(), notification.kind))


def _is_waiting(notification: Notification) -> bool:
    """Nobody has answered or resolved it since; as to offline ones, nor opened it."""
    bursts = Burst.objects.filter(
        notifications=notification, conversation__status="open"
    )
    burst = bursts.with_outcome().first()
    if burst is None or burst.answered or burst.settled:
        return False
    return notification.kind != Kind.OFFLINE or not burst.opened


def _is_unread(notification: Notification) -> bool:
    conversation = notification.conversation
    read = ConversationRead.objects.filter(
        conversation=conversation,
        agent=notification.agent_id,
        visitor_messages__gte=notification.data.get("visitor_messages", 0),
    )
    return (
        conversation is not None
        and conversation.waiting_since is not None
        and not read.exists()
    )


def _is_unseen(notification: Notification) -> bool:
    """The agent has neither opened the thread since nor written in it; and who was
    made responsible still is."""
    agent_id = notification.agent_id
    message = Message.objects.filter(notifications=notification)
    thread = {"conversation": OuterRef("conversation"), "agent": agent_id}
    read = ConversationRead.objects.filter(seen_seq__gte=OuterRef("seq"), **thread)
    wrote = Message.objects.filter(seq__gt=OuterRef("seq"), **thread)
    unseen = message.exclude(Exists(read)).exclude(Exists(wrote))
    if notification.kind == Kind.ASSIGNED:
        unseen = unseen.filter(Exists(Assignment.objects.filter(**thread)))
    return unseen.exists()
