"""Open and resolved."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.access import can_resolve
from conversations.exceptions import NotAllowed
from conversations.models import Conversation, Message
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import User


@transaction.atomic
def resolve_conversation(*, conversation_id: int, agent: User) -> Conversation:
    """Mark as resolved; a second time changes nothing.

    Raises NotAllowed for an agent without full access who is not assigned.
    """
    conversation = lock_seen(conversation_id, agent)
    if not can_resolve(agent, conversation):
        raise NotAllowed(
            _("Only assigned agents and agents with full access can resolve it.")
        )
    if not conversation.is_open:
        return conversation
    conversation.status = Conversation.Status.RESOLVED
    conversation.resolved_at = timezone.now()
    conversation.waiting_since = None
    conversation.snoozed_until = None
    append_event(
        conversation,
        Message.Event.RESOLVED,
        agent=agent,
        changed=["status", "resolved_at", "waiting_since", "snoozed_until"],
    )
    return conversation


@transaction.atomic
def reopen_conversation(*, conversation_id: int, agent: User) -> Conversation:
    """Move back to Open by hand; assignees stay."""
    conversation = lock_seen(conversation_id, agent)
    if conversation.is_open:
        return conversation
    reopen(conversation, agent)
    return conversation


def reopen(conversation: Conversation, agent: User | None) -> None:
    """Move a locked conversation back to Open; without agent the visitor did it."""
    conversation.status = Conversation.Status.OPEN
    conversation.resolved_at = None
    append_event(
        conversation,
        Message.Event.REOPENED,
        agent=agent,
        changed=["status", "resolved_at"],
    )
