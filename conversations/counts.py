"""How many conversations are in each part of the inbox.

Counted once per account, whoever asks: `breakdown` is one small map by group
and assignee, and each agent's own numbers are sums over the parts they see.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, Count, Value

from conversations.groups import Scope
from conversations.models import Assignment, Conversation

NO_GROUP = "none"
# Stands for the agent in the rows that count conversations.
_NOBODY = Value(None, output_field=BigIntegerField())


@dataclass
class Counts:
    """The numbers one agent sees."""

    all: int = 0
    mine: int = 0
    unassigned: int = 0
    groups: dict[int, int] = field(default_factory=dict)
    agents: dict[int, int] = field(default_factory=dict)

    @property
    def others(self) -> int:
        return self.all - self.mine - self.unassigned

    def as_dict(self) -> dict[str, Any]:
        return {
            "all": self.all,
            "mine": self.mine,
            "unassigned": self.unassigned,
            "others": self.others,
            "groups": {str(key): value for key, value in self.groups.items()},
            "agents": {str(key): value for key, value in self.agents.items()},
        }


def breakdown(account_id: int) -> dict[str, dict[str, Any]]:
    """Open conversations by group: `{"none": {"all", "unassigned", "agents"}}`.

    One query over the index of open conversations; JSON and msgpack safe.
    """
    parts: dict[str, dict[str, Any]] = {}

    def part(group_id: int | None) -> dict[str, Any]:
        key = str(group_id) if group_id is not None else NO_GROUP
        return parts.setdefault(key, {"all": 0, "unassigned": 0, "agents": {}})

    totals = (
        Conversation.objects.filter(account_id=account_id)
        .open()
        .values("group_id", "is_assigned")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list("group_id", "is_assigned", _NOBODY, "number")
    )
    assigned = (
        Assignment.objects.filter(
            conversation__account_id=account_id,
            conversation__status=Conversation.Status.OPEN,
        )
        .values("conversation__group_id", "agent_id")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list("conversation__group_id", Value(True), "agent_id", "number")
    )
    for group_id, is_assigned, agent_id, number in totals.union(assigned, all=True):
        if agent_id is not None:
            part(group_id)["agents"][str(agent_id)] = number
            continue
        part(group_id)["all"] += number
        if not is_assigned:
            part(group_id)["unassigned"] += number
    return parts


def counts_for(scope: Scope, parts: dict[str, dict[str, Any]]) -> Counts:
    """What of the breakdown this agent sees, summed."""
    counts = Counts()
    agents: Counter[int] = Counter()
    me = str(scope.agent_id)
    for key, part in parts.items():
        mine = part["agents"].get(me, 0)
        counts.mine += mine
        group_id = None if key == NO_GROUP else int(key)
        if scope.sees_all or group_id is None or group_id in scope.group_ids:
            counts.all += part["all"]
            counts.unassigned += part["unassigned"]
            if group_id is not None:
                counts.groups[group_id] = part["all"]
            for agent_id, number in part["agents"].items():
                agents[int(agent_id)] += number
        else:
            # Assigned to me in a group that is not mine: I see just these.
            counts.all += mine
            agents[scope.agent_id] += mine
    counts.agents = {agent_id: number for agent_id, number in agents.items() if number}
    return counts
