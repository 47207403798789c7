"""A visitor who may not write any more, blocked by an agent from a conversation."""

from datetime import datetime

from django.db import transaction

from conversations.models import Message
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import User
from visitors import services as visitors
from visitors.models import Block, Visitor


@transaction.atomic
def block_from_conversation(
    *,
    conversation_id: int,
    agent: User,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Block:
    """Block the conversation's visitor and note in the thread who did it.

    The reason stands with the block only: it goes when that is lifted. Raises
    VisitorError for an end that has passed.
    """
    conversation = lock_seen(conversation_id, agent)
    visitor = Visitor.objects.get(pk=conversation.visitor_id)
    block = visitors.block_visitor(
        visitor=visitor, agent=agent, ends_at=ends_at, reason=reason
    )
    append_event(conversation, Message.Event.BLOCKED, agent=agent)
    return block


@transaction.atomic
def unblock_from_conversation(*, conversation_id: int, agent: User) -> None:
    """Let the conversation's visitor write again; a second time changes nothing."""
    conversation = lock_seen(conversation_id, agent)
    visitor = Visitor.objects.get(pk=conversation.visitor_id)
    if visitors.unblock_visitor(visitor=visitor):
        append_event(conversation, Message.Event.UNBLOCKED, agent=agent)
