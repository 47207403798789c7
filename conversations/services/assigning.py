"""Who is responsible: assignees and group."""

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.events import ConversationMoved, conversation_moved
from conversations.exceptions import ConversationError
from conversations.models import Assignment, Conversation, Message
from conversations.services.thread import append_event, lock
from supportdesk.accounts.models import AgentGroup, User
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def join_conversation(*, conversation_id: int, agent: User) -> Conversation:
    """Take part in answering; a second time changes nothing."""
    return _add(lock(conversation_id), agent, by=agent)


@transaction.atomic
def assign_conversation(*, conversation_id: int, agent: User, by: User) -> Conversation:
    """Make a colleague responsible, beside those who are already.

    Raises ConversationError for an agent who is switched off or of another account.
    """
    conversation = lock(conversation_id)
    if not agent.is_active or agent.account_id != conversation.account_id:
        raise ConversationError(_("This agent cannot be assigned."))
    return _add(conversation, agent, by=by)


@transaction.atomic
def unassign_conversation(
    *, conversation_id: int, agent: User, by: User
) -> Conversation:
    """Take an agent off the conversation; a second time changes nothing."""
    conversation = lock(conversation_id)
    before = _assigned_ids(conversation)
    if agent.pk not in before:
        return conversation
    Assignment.objects.filter(conversation=conversation, agent=agent).delete()
    conversation.is_assigned = len(before) > 1
    event = Message.Event.LEFT if agent.pk == by.pk else Message.Event.UNASSIGNED
    append_event(
        conversation,
        event,
        agent=by,
        data={} if agent.pk == by.pk else {"agent_id": agent.pk, "name": agent.name},
        changed=["is_assigned"],
    )
    _moved(conversation, conversation.group_id, before)
    return conversation


@transaction.atomic
def change_group(
    *, conversation_id: int, group: AgentGroup | None, by: User
) -> Conversation:
    """Hand the conversation to a group, or to no group in particular."""
    conversation = lock(conversation_id)
    if group is not None and group.account_id != conversation.account_id:
        raise ConversationError(_("This group does not exist any more."))
    group_before = conversation.group_id
    if group_before == (group.pk if group else None):
        return conversation
    conversation.group = group
    append_event(
        conversation,
        Message.Event.GROUP_CHANGED,
        agent=by,
        data={"group_id": group.pk, "name": group.name} if group else {},
        changed=["group"],
    )
    _moved(conversation, group_before, _assigned_ids(conversation))
    return conversation


def join(conversation: Conversation, agent: User) -> None:
    """Make the agent an assignee of a locked conversation, by their own doing."""
    _add(conversation, agent, by=agent)


def _add(conversation: Conversation, agent: User, by: User) -> Conversation:
    before = _assigned_ids(conversation)
    if agent.pk in before:
        return conversation
    Assignment.objects.create(conversation=conversation, agent=agent)
    conversation.is_assigned = True
    joined = agent.pk == by.pk
    append_event(
        conversation,
        Message.Event.JOINED if joined else Message.Event.ASSIGNED,
        agent=by,
        data={} if joined else {"agent_id": agent.pk, "name": agent.name},
        changed=["is_assigned"],
    )
    _moved(conversation, conversation.group_id, before)
    return conversation


def _assigned_ids(conversation: Conversation) -> tuple[int, ...]:
    assignments = Assignment.objects.filter(conversation=conversation)
    return tuple(assignments.values_list("agent_id", flat=True))


def _moved(
    conversation: Conversation, group_id: int | None, agent_ids: tuple[int, ...]
) -> None:
    emit_on_commit(
        conversation_moved,
        ConversationMoved(
            conversation_id=conversation.pk, group_id=group_id, agent_ids=agent_ids
        ),
    )
