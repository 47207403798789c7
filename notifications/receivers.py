"""Because something happened, somebody is told, or told no more."""

from typing import Any

from django.dispatch import receiver

from conversations.events import (
    EntriesMoved,
    MessagePosted,
    TranscriptRequested,
    entries_moved,
    message_posted,
    transcript_requested,
)
from notifications import services, subscribed, tasks
from notifications.services.telling import is_for_colleagues
from supportdesk.accounts.events import (
    AccessChanged,
    AgentSignedOut,
    access_changed,
    agent_signed_out,
)
from supportdesk.accounts.presence import device_of
from supportdesk.core import later

# Seconds: what a visitor writes in several messages is one push.
PUSH_PAUSE = 1.0


@receiver(transcript_requested, dispatch_uid="notifications.send_transcript")
def send_transcript(event: TranscriptRequested, **kwargs: Any) -> None:
    notification = services.record_transcript(conversation_id=event.conversation_id)
    if notification is not None:
        tasks.hand_over([notification.pk])


# The lookout finds both kinds too, some seconds later.


@receiver(message_posted, dispatch_uid="notifications.tell_colleagues")
def tell_colleagues(event: MessagePosted, **kwargs: Any) -> None:
    if is_for_colleagues(event.message):
        tasks.tell_colleagues.delay(event.message_id)


@receiver(message_posted, dispatch_uid="notifications.push_message")
def push_message(event: MessagePosted, **kwargs: Any) -> None:
    message = event.message
    if message.by_visitor and subscribed.is_subscribed(message.conversation.account_id):
        later.once(
            ("notifications.push", event.conversation_id),
            PUSH_PAUSE,
            tasks.push_conversation.delay,
            event.conversation_id,
        )


@receiver(entries_moved, dispatch_uid="notifications.follow_entries")
def follow_entries(event: EntriesMoved, **kwargs: Any) -> None:
    """Inside the transaction that moves them."""
    services.follow_entries(moved=event)


@receiver(agent_signed_out, dispatch_uid="notifications.forget_signed_out")
def forget_signed_out(event: AgentSignedOut, **kwargs: Any) -> None:
    device = device_of(event.session_key) if event.session_key else None
    services.forget_signed_out(agent_id=event.agent_id, device=device)


@receiver(access_changed, dispatch_uid="notifications.forget_inactive")
def forget_inactive(event: AccessChanged, **kwargs: Any) -> None:
    services.forget_inactive(agent_id=event.agent_id)
