"""Automatic assignment: conversations that nobody has find an agent who is there.

A group's rule says how, the account's own for conversations of no group. What cannot
be given at once waits, and is given out when somebody comes online or has room again.

A conversation is nobody's without an active assignee. Those of agents who are merely
offline stay theirs: they know the matter and hear of it, and a lunch break must not
move it about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from conversations.models import Assignment, Conversation, Message
from conversations.services.assigning import add_assignee, assigned_ids, moved
from conversations.services.thread import lock
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    Assigning,
    AssigningRule,
    Presence,
    User,
)

AT_ONCE = 100
"""So many conversations of one account are given out in one go."""


# From what is open, which is little: an agent's past has no end. OFFSET keeps the
# planner from joining with all assignments there ever were.
_LOADS = """
SELECT assignment.agent_id, count(*), max(assignment.created_at)
FROM conversations_conversation AS conversation
CROSS JOIN LATERAL (
    SELECT agent_id, created_at FROM conversations_assignment
    WHERE conversation_id = conversation.id OFFSET 0
) AS assignment
WHERE conversation.account_id = %s AND conversation.status = 'open'
    AND conversation.is_assigned AND conversation.snoozed_until IS NULL
    AND assignment.agent_id = ANY(%s)
GROUP BY assignment.agent_id
"""


@dataclass(frozen=True)
class Load:
    """What an agent has open; snoozed ones are nothing to do now."""

    open: int = 0
    last_given_at: datetime | None = None


def assign_automatically(
    *, conversation_id: int, now: datetime | None = None
) -> User | None:
    """Give a conversation that nobody has to an agent who is online and has room.

    Returns whom it was given to; None if it needs nobody, or nobody can take it.
    """
    found = _needing(conversation_id).select_related("account", "group").first()
    if found is None or _rule_of(found).assigning == Assigning.OFF:
        return None
    if not hours.is_open(found.account_id, now or timezone.now()):
        return None
    # Asked of Redis before anything is locked.
    reachable = presence.reachable_ids(found.account_id)
    return _give(conversation_id, reachable) if reachable else None


def give_out_waiting(*, now: datetime | None = None) -> int:
    """Give out what waits in groups with automatic assignment, longest waiting first.

    It finds what was lost or could not be given before; returns how many were given.
    """
    now = now or timezone.now()
    groups = AgentGroup.objects.exclude(assigning=Assigning.OFF)
    accounts = Account.objects.exclude(assigning=Assigning.OFF)
    account_ids = groups.values("account").union(accounts.values("pk"))
    return sum(
        _give_out(account_id, now)
        for account_id in sorted(row["account"] for row in account_ids)
    )


def _give_out(account_id: int, now: datetime) -> int:
    if not hours.is_open(account_id, now):
        return 0
    reachable = presence.reachable_ids(account_id)
    free = _free_groups(account_id, reachable)
    given = 0
    for conversation_id, group_id in _waiting(account_id, free):
        # Nobody has room in this group any more: the next ones would not get further.
        if group_id not in free:
            continue
        if _give(conversation_id, reachable) is None:
            free.discard(group_id)
        else:
            given += 1
    return given


def _free_groups(account_id: int, reachable: set[int]) -> set[int | None]:
    """Groups with automatic assignment in which somebody has room; None is no group."""
    if not reachable:
        return set()
    account = Account.objects.get(pk=account_id)
    rules: list[AssigningRule] = [
        account,
        *AgentGroup.objects.filter(account=account_id).order_by("pk"),
    ]
    free: set[int | None] = set()
    for rule in rules:
        group_id = rule.pk if isinstance(rule, AgentGroup) else None
        if rule.assigning != Assigning.OFF and _with_room(
            account_id, group_id, rule.assigning_limit, reachable
        ):
            free.add(group_id)
    return free


def _waiting(
    account_id: int, group_ids: Iterable[int | None]
) -> list[tuple[int, int | None]]:
    """Keys and groups of what is to be given out: longest waiting first, then what
    agents who were switched off have left."""
    in_groups = Q(group__in=[pk for pk in group_ids if pk is not None])
    if None in set(group_ids):
        in_groups |= Q(group__isnull=True)
    rows = _in_sight().filter(in_groups, account=account_id)
    found: list[tuple[int, int | None]] = []
    # Two queries: each has its part of the index of what is open.
    for part in (
        rows.filter(is_assigned=False),
        rows.filter(~_has_somebody(), is_assigned=True),
    ):
        ordered = part.order_by(F("waiting_since").asc(nulls_last=True), "pk")
        found += ordered.values_list("pk", "group_id")[: AT_ONCE - len(found)]
    return found


def _in_sight() -> QuerySet[Conversation]:
    return Conversation.objects.open().filter(snoozed_until__isnull=True)


def _has_somebody() -> Exists:
    return Exists(
        Assignment.objects.filter(conversation=OuterRef("pk"), agent__is_active=True)
    )


def _needing(conversation_id: int) -> QuerySet[Conversation]:
    """The conversation if it is open, in sight, and without anybody to answer."""
    return _in_sight().filter(~_has_somebody(), pk=conversation_id)


def _rule_of(conversation: Conversation) -> AssigningRule:
    return conversation.group or conversation.account


@transaction.atomic
def _give(conversation_id: int, reachable: set[int]) -> User | None:
    """Choose, and write it down; one after the other in each account.

    First the conversation is locked, then the account: an agent may be in several
    groups, and two of them at once could go past the limit. Only against each other:
    new rows that point at the account do not wait.
    """
    if not Conversation.objects.filter(pk=conversation_id).exists():
        return None
    conversation = lock(conversation_id)
    account = Account.objects.select_for_update(no_key=True).get(
        pk=conversation.account_id
    )
    # Only now: somebody may have taken it, moved it or changed the rule meanwhile.
    if not _needing(conversation_id).exists():
        return None
    rule: AssigningRule = account
    if conversation.group_id is not None:
        rule = AgentGroup.objects.select_for_update(no_key=True).get(
            pk=conversation.group_id
        )
    agent = _choose(conversation, rule, reachable)
    if agent is None:
        return None
    before = assigned_ids(conversation)
    add_assignee(conversation, agent, by=None)
    rule.assigned_last = agent
    rule.save(update_fields=["assigned_last"])
    moved(conversation, conversation.group_id, before)
    return agent


def _choose(
    conversation: Conversation, rule: AssigningRule, reachable: set[int]
) -> User | None:
    if rule.assigning == Assigning.OFF:
        return None
    loads = _with_room(
        conversation.account_id,
        conversation.group_id,
        rule.assigning_limit,
        reachable - _gone_from(conversation),
    )
    if not loads:
        return None
    last = rule.assigned_last_id or 0
    # From the one after the last to the last, in the order of their keys.
    in_turn = sorted(loads, key=lambda agent: (agent.pk <= last, agent.pk))
    if rule.assigning == Assigning.ROUND_ROBIN:
        return in_turn[0]
    never = datetime.min.replace(tzinfo=timezone.get_default_timezone())
    return min(
        in_turn,
        key=lambda agent: (loads[agent].open, loads[agent].last_given_at or never),
    )


def _with_room(
    account_id: int, group_id: int | None, limit: int, reachable: set[int]
) -> dict[User, Load]:
    """Who of those within reach is online, answers for the group and has room."""
    agents = list(
        User.objects.filter(
            account_id=account_id, presence=Presence.ONLINE, pk__in=reachable
        )
        .active()
        .counting_for_group(group_id)
    )
    if not agents:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [account_id, [agent.pk for agent in agents]])
        rows = cursor.fetchall()
    loads = {pk: Load(number, last) for pk, number, last in rows}
    found = {agent: loads.get(agent.pk, Load()) for agent in agents}
    return {agent: load for agent, load in found.items() if load.open < limit}


def _gone_from(conversation: Conversation) -> set[int]:
    """Who left it or was taken off it since it was opened: the desk does not give it
    back to them."""
    events = Message.Event
    rows = Message.objects.filter(
        conversation=conversation,
        event__in=[events.LEFT, events.UNASSIGNED, events.REOPENED],
    ).order_by("seq")
    gone: set[int] = set()
    for event, author, named in rows.values_list("event", "agent_id", "data__agent_id"):
        if event == events.REOPENED:
            gone.clear()
        elif (agent_id := named or author) is not None:
            gone.add(agent_id)
    return gone
