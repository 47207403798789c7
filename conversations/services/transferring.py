"""Handing a conversation on, with a word about it."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services.assigning import (
    add_assignee,
    assigned_ids,
    check_agent,
    check_group,
    moved,
    remove_assignee,
    set_group,
)
from conversations.services.posting import note_entry, write_note
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import AgentGroup, User


@transaction.atomic
def transfer_conversation(
    *,
    conversation_id: int,
    by: User,
    agents: Sequence[User] = (),
    group: AgentGroup | None = None,
    note: str = "",
    leaves: bool = True,
    client_id: uuid.UUID | None = None,
) -> Conversation:
    """Hand the conversation to colleagues, to a group, or to both; other assignees stay.

    All of it or nothing: the note, which may mention who sees the conversation then,
    the lines of what changed, and that the agent leaves. The same `client_id` again
    changes nothing. Raises ConversationError if it would go to nobody new, for an agent
    who is switched off or of another account, and for a note that is too long.
    """
    conversation = lock_seen(conversation_id, by)
    if client_id and conversation.messages.filter(client_id=client_id).exists():
        return conversation
    check_group(conversation, group)
    for agent in agents:
        check_agent(conversation, agent)
    group_before, before = conversation.group_id, assigned_ids(conversation)
    known = {*before, by.pk}
    new = [agent for agent in dict.fromkeys(agents) if agent.pk not in known]
    if group is not None and group.pk == group_before:
        group = None
    if not new and group is None:
        raise ConversationError(_("Choose somebody who does not have it yet."))
    append_event(
        conversation,
        Message.Event.TRANSFERRED,
        agent=by,
        data={
            "agent_ids": [agent.pk for agent in new],
            "group_id": group.pk if group else None,
            "names": [str(each) for each in (*new, *([group] if group else []))],
        },
        client_id=client_id,
    )
    if group is not None:
        set_group(conversation, group, by)
    for agent in new:
        add_assignee(conversation, agent, by)
    # Written when they can see it, so that it can name them.
    if note.strip():
        write_note(conversation, by, note_entry(by, note))
    if leaves and by.pk in before:
        is_last = not new and len(before) == 1
        remove_assignee(conversation, by, by, is_last=is_last)
    moved(conversation, group_before, before)
    return conversation
