"""What each side has read."""

from django.db import transaction
from django.utils import timezone

from conversations.events import AgentSaw, VisitorSaw, agent_saw, visitor_saw
from conversations.models import Conversation, ConversationRead
from conversations.services.thread import Seen
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def mark_read(
    *, conversation: Conversation, agent: User, seen: Seen | None = None
) -> None:
    """The agent has the thread before them; writes only what is news.

    With `seen` up to that entry. By numbers of before a split it says nothing: the page
    shows the thread anew and says it once more.
    """
    if seen is not None and seen.is_void(conversation):
        return
    count = conversation.visitor_message_count
    seen_seq = conversation.last_seq if seen is None else seen.seq
    read, created = ConversationRead.objects.get_or_create(
        conversation=conversation,
        agent=agent,
        defaults={"visitor_messages": count, "seen_seq": seen_seq},
    )
    if read.seen_seq < seen_seq:
        ConversationRead.objects.filter(pk=read.pk, seen_seq__lt=seen_seq).update(
            seen_seq=seen_seq
        )
    if not created:
        # Only forward: a slower tab must not take back what another has read.
        created = bool(
            ConversationRead.objects.filter(
                pk=read.pk, visitor_messages__lt=count
            ).update(visitor_messages=count)
        )
    is_news = Conversation.objects.filter(
        pk=conversation.pk, agent_seen_seq__lt=conversation.last_public_seq
    ).update(agent_seen_seq=conversation.last_public_seq)
    if created or is_news:
        emit_on_commit(
            agent_saw, AgentSaw(conversation_id=conversation.pk, agent_id=agent.pk)
        )


@transaction.atomic
def mark_unread(*, conversation: Conversation, agent: User) -> None:
    """Show the last visitor message as unread again, to this agent."""
    count = max(conversation.visitor_message_count - 1, 0)
    ConversationRead.objects.update_or_create(
        conversation=conversation,
        agent=agent,
        defaults={"visitor_messages": count},
    )
    emit_on_commit(
        agent_saw, AgentSaw(conversation_id=conversation.pk, agent_id=agent.pk)
    )


@transaction.atomic
def mark_seen_by_visitor(*, conversation_id: int, public_seq: int) -> bool:
    """The visitor has seen up to `public_seq`; returns whether that was news."""
    changed = Conversation.objects.filter(
        pk=conversation_id,
        visitor_seen_seq__lt=public_seq,
        last_public_seq__gte=public_seq,
    ).update(visitor_seen_seq=public_seq, visitor_seen_at=timezone.now())
    if changed:
        emit_on_commit(visitor_saw, VisitorSaw(conversation_id=conversation_id))
    return bool(changed)
