"""Who is responsible: assignees and group."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.events import ConversationMoved, conversation_moved
from conversations.exceptions import ConversationError
from conversations.models import Assignment, Conversation, Message
from conversations.services.following import drop_followers
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import AgentGroup, User
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def join_conversation(*, conversation_id: int, agent: User) -> Conversation:
    """Take part in answering; a second time changes nothing."""
    return _add(lock_seen(conversation_id, agent), agent, by=agent)


@transaction.atomic
def assign_conversation(*, conversation_id: int, agent: User, by: User) -> Conversation:
    """Make a colleague responsible, beside those who are already.

    Raises ConversationError for an agent who is switched off or of another account.
    """
    conversation = lock_seen(conversation_id, by)
    check_agent(conversation, agent)
    return _add(conversation, agent, by=by)


@transaction.atomic
def unassign_conversation(
    *, conversation_id: int, agent: User, by: User
) -> Conversation:
    """Take an agent off the conversation; a second time changes nothing."""
    conversation = lock_seen(conversation_id, by)
    before = assigned_ids(conversation)
    if agent.pk not in before:
        return conversation
    remove_assignee(conversation, agent, by, is_last=len(before) == 1)
    moved(conversation, conversation.group_id, before)
    return conversation


@transaction.atomic
def change_group(
    *, conversation_id: int, group: AgentGroup | None, by: User
) -> Conversation:
    """Hand the conversation to a group, or to no group in particular."""
    conversation = lock_seen(conversation_id, by)
    check_group(conversation, group)
    before = conversation.group_id
    if before == (group.pk if group else None):
        return conversation
    set_group(conversation, group, by)
    moved(conversation, before, assigned_ids(conversation))
    return conversation


def join(conversation: Conversation, agent: User) -> None:
    """Make the agent an assignee of a locked conversation, by their own doing."""
    _add(conversation, agent, by=agent)


def _add(conversation: Conversation, agent: User, by: User) -> Conversation:
    before = assigned_ids(conversation)
    if agent.pk in before:
        return conversation
    add_assignee(conversation, agent, by)
    moved(conversation, conversation.group_id, before)
    return conversation


# For a conversation that is locked; who calls them tells of the move, once.


def add_assignee(conversation: Conversation, agent: User, by: User | None) -> None:
    """Make somebody responsible who is not yet; without `by` the desk itself did it."""
    Assignment.objects.create(conversation=conversation, agent=agent)
    conversation.assignee_ids = sorted([*conversation.assignee_ids, agent.pk])
    conversation.is_assigned = True
    joined = by is not None and agent.pk == by.pk
    data: dict[str, Any] = {}
    if not joined:
        data = {"agent_id": agent.pk, "name": agent.name}
    if by is None:
        data["automatic"] = True
    append_event(
        conversation,
        Message.Event.JOINED if joined else Message.Event.ASSIGNED,
        agent=by,
        data=data,
        changed=["is_assigned", "assignee_ids"],
    )


def remove_assignee(
    conversation: Conversation, agent: User, by: User | None, *, is_last: bool
) -> None:
    """Take somebody off who is responsible; without `by` the desk itself does it."""
    Assignment.objects.filter(conversation=conversation, agent=agent).delete()
    others = [pk for pk in conversation.assignee_ids if pk != agent.pk]
    conversation.assignee_ids = others
    conversation.is_assigned = not is_last
    left = by is not None and agent.pk == by.pk
    data: dict[str, Any] = {}
    if not left:
        data = {"agent_id": agent.pk, "name": agent.name}
    if by is None:
        data["automatic"] = True
    append_event(
        conversation,
        Message.Event.LEFT if left else Message.Event.UNASSIGNED,
        agent=by,
        data=data,
        changed=["is_assigned", "assignee_ids"],
    )


def set_group(conversation: Conversation, group: AgentGroup | None, by: User) -> None:
    """Hand it to another group than the one it is in."""
    conversation.group = group
    append_event(
        conversation,
        Message.Event.GROUP_CHANGED,
        agent=by,
        data={"group_id": group.pk, "name": group.name} if group else {},
        changed=["group"],
    )


def check_group(conversation: Conversation, group: AgentGroup | None) -> None:
    if group is not None and group.account_id != conversation.account_id:
        raise ConversationError(_("This group does not exist any more."))


def check_agent(conversation: Conversation, agent: User) -> None:
    if not agent.is_active or agent.account_id != conversation.account_id:
        raise ConversationError(_("This agent cannot be assigned."))


def assigned_ids(conversation: Conversation) -> tuple[int, ...]:
    assignments = Assignment.objects.filter(conversation=conversation)
    return tuple(assignments.values_list("agent_id", flat=True))


def moved(
    conversation: Conversation, group_id: int | None, agent_ids: tuple[int, ...]
) -> None:
    drop_followers(conversation)
    emit_on_commit(
        conversation_moved,
        ConversationMoved(
            conversation_id=conversation.pk, group_id=group_id, agent_ids=agent_ids
        ),
    )
