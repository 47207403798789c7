"""Notifications that wait to be sent, with what they tell of."""

from typing import Any

from conversations.models import Conversation
from notifications.models import Burst, ExtraRecipient, Notification
from tests import factories


def make_burst(
    conversation: Conversation, kind: str = "offline", **fields: Any
) -> Burst:
    """All that the visitor has written so far, told of."""
    conversation.refresh_from_db()
    messages = conversation.messages.filter(kind="message", by_visitor=True)
    first = messages.order_by("seq")[0]
    values = {
        "first_seq": first.seq,
        "visitor_messages": conversation.visitor_message_count,
        "began_at": first.created_at,
        **fields,
    }
    return Burst.objects.create(
        conversation=conversation, kind=kind, state=Burst.State.TOLD, **values
    )


def burst_notification(
    burst: Burst, *, agent: Any = None, extra: str = "", **fields: Any
) -> Notification:
    """For an agent, else for the further address, which the settings then name."""
    conversation = burst.conversation
    if extra:
        ExtraRecipient.objects.get_or_create(
            account=conversation.account, event=burst.kind, email=extra
        )
    return Notification.objects.create(
        account=conversation.account,
        conversation=conversation,
        kind=burst.kind,
        burst=burst,
        agent=agent,
        recipient_email=agent.email if agent else extra,
        occasion=f"burst {burst.pk}",
        **fields,
    )


def offline_notification(extra: str = "", **fields: Any) -> Notification:
    conversation = factories.make_conversation()
    agent = None if extra else factories.make_agent(conversation.account)
    return burst_notification(
        make_burst(conversation), agent=agent, extra=extra, **fields
    )
