"""Visitors who wrote and were not answered: what the thread says of it."""

from datetime import datetime

from django.db import transaction

from conversations.models import Conversation, Message
from conversations.services.thread import append_event, lock


@transaction.atomic
def note_offline(*, conversation_id: int) -> Conversation:
    """Write down that the visitor wrote while nobody was online."""
    conversation = lock(conversation_id)
    append_event(conversation, Message.Event.OFFLINE)
    return conversation


@transaction.atomic
def mark_missed(*, conversation_id: int, left_at: datetime) -> Conversation:
    """The visitor left before anybody replied; it stays missed until somebody does.

    An answer that came first wins: then nothing changes.
    """
    conversation = lock(conversation_id)
    if conversation.waiting_since is None:
        return conversation
    conversation.missed_at = left_at
    append_event(
        conversation,
        Message.Event.MISSED,
        data={"left_at": left_at.isoformat()},
        changed=["missed_at"],
    )
    return conversation
