"""What agents who were switched off leave behind: their open conversations."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef

from conversations.models import Assignment, Conversation
from conversations.services.assigning import (
    add_assignee,
    assigned_ids,
    moved,
    remove_assignee,
)
from conversations.services.thread import lock
from supportdesk.accounts.models import User


def hand_over(*, agent_id: int, by_id: int | None = None) -> int:
    """Give their open conversations to the successor, else back to whoever takes them.

    One by one: nobody waits for all of them. What is not theirs any more is passed by,
    and nothing happens to an agent who is active again. Returns how many went.
    """
    by = User.objects.filter(pk=by_id).first()
    return sum(_hand_over(pk, agent_id, by) for pk in _open_of(agent_id))


def left_behind() -> Iterator[int]:
    """Agents who are switched off and still have open conversations: those whose task
    was lost, and those whose resolved ones were opened again."""
    theirs = Assignment.objects.filter(
        agent=OuterRef("pk"), conversation__status="open"
    )
    agents = User.objects.filter(Exists(theirs), is_active=False, account__isnull=False)
    yield from agents.order_by("pk").values_list("pk", flat=True)


def _open_of(agent_id: int) -> list[int]:
    rows = Conversation.objects.open().filter(
        Exists(Assignment.objects.filter(conversation=OuterRef("pk"), agent=agent_id))
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _hand_over(conversation_id: int, agent_id: int, by: User | None) -> bool:
    if not Conversation.objects.filter(pk=conversation_id).exists():
        return False
    conversation = lock(conversation_id)
    # Only now: the agent may be back, or be off this one.
    agent = User.objects.select_related("successor").get(pk=agent_id)
    before = assigned_ids(conversation)
    if agent.is_active or agent.pk not in before or conversation.status != "open":
        return False
    others = set(before) - {agent.pk}
    heir = agent.successor
    if heir is not None and heir.is_active and heir.account_id == agent.account_id:
        if heir.pk not in others:
            add_assignee(conversation, heir, by)
        others.add(heir.pk)
    remove_assignee(conversation, agent, by, is_last=not others)
    moved(conversation, conversation.group_id, before)
    return True
