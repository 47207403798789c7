"""How many conversations are in each part of the inbox.

Counted once per account, whoever asks: `breakdown` is one small map by group
and assignee, and each agent's own numbers are sums over the parts they see.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import redis.exceptions
from django.conf import settings
from django.db.models import Count, Q

from conversations.groups import Scope
from conversations.models import Conversation
from supportdesk.core import redis as desk_redis

logger = logging.getLogger(__name__)

NO_GROUP = "none"
# Seconds for which numbers are kept at most: so long they are wrong where a change was
# not told.
KEPT = 5
_DAY = 86_400


@dataclass
class Counts:
    """The numbers one agent sees."""

    all: int = 0
    mine: int = 0
    unassigned: int = 0
    missed: int = 0
    snoozed: int = 0
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
            "missed": self.missed,
            "snoozed": self.snoozed,
            "groups": {str(key): value for key, value in self.groups.items()},
            "agents": {str(key): value for key, value in self.agents.items()},
        }


def kept_breakdown(account_id: int) -> dict[str, dict[str, Any]]:
    """`breakdown`, counted once for all pages until something changes.

    What is kept carries the number of changes that there were before it was counted:
    somebody who counts while another commits keeps what nobody will take.
    """
    if not settings.COUNTS_PAUSE:
        return breakdown(account_id)
    names = (_changes_key(account_id), desk_redis.key("counts", account_id))
    try:
        changes, kept = desk_redis.client().mget(names)
    except redis.exceptions.RedisError:
        return breakdown(account_id)
    if kept is not None:
        known = json.loads(kept)
        if known["changes"] == changes:
            return dict(known["parts"])
    parts = breakdown(account_id)
    value = json.dumps({"changes": changes, "parts": parts})
    try:
        desk_redis.client().set(names[1], value, ex=KEPT)
    except redis.exceptions.RedisError:
        logger.warning("counts not kept: Redis does not answer")
    return parts


def note_change(account_id: int) -> bool:
    """Numbers counted before are void; whether it is for the caller to send new ones.

    To be said after commit. Raises RedisError.
    """
    pause = int(settings.COUNTS_PAUSE * 1000)
    with desk_redis.client().pipeline(transaction=False) as pipe:
        pipe.incr(_changes_key(account_id))
        pipe.expire(_changes_key(account_id), _DAY)
        pipe.set(desk_redis.key("counts-turn", account_id), 1, px=pause, nx=True)
        *_others, taken = pipe.execute()
    return bool(taken)


def _changes_key(account_id: int) -> str:
    return desk_redis.key("counts-changes", account_id)


def breakdown(account_id: int) -> dict[str, dict[str, Any]]:
    """Open conversations by group, under "none" those without one; JSON safe.

    In each `all`, `unassigned`, `missed` and `snoozed`, and by assignee `agents`,
    `agents_missed` and `agents_snoozed`. What is snoozed counts as that and nothing
    else. One query, which the index of open conversations answers alone.
    """
    # Grouped by the sets of assignees, of which there are few.
    awake = Q(snoozed_until__isnull=True)
    rows = (
        # Without asking which were merged, which is not in the index: none of them is open.
        Conversation.with_merged.filter(account_id=account_id)
        .open()
        .values("group_id", "assignee_ids")
        .annotate(
            # Not its key, which is not in the index.
            number=Count("account_id", filter=awake),
            missed=Count("missed_at", filter=awake),
            snoozed=Count("snoozed_until"),
        )
        .order_by()
        .values_list("group_id", "assignee_ids", "number", "missed", "snoozed")
    )
    parts: dict[str, dict[str, Any]] = {}
    for group_id, agent_ids, number, missed, snoozed in rows:
        key = str(group_id) if group_id is not None else NO_GROUP
        part = parts.setdefault(key, _empty_part())
        part["all"] += number
        part["missed"] += missed
        part["snoozed"] += snoozed
        if not agent_ids:
            part["unassigned"] += number
        by_name = {"agents": number, "agents_missed": missed, "agents_snoozed": snoozed}
        for name, more in by_name.items():
            for agent_id in map(str, agent_ids) if more else ():
                part[name][agent_id] = part[name].get(agent_id, 0) + more
    return parts


def _empty_part() -> dict[str, Any]:
    numbers = dict.fromkeys(("all", "unassigned", "missed", "snoozed"), 0)
    by_agent: dict[str, Any] = {
        name: {} for name in ("agents", "agents_missed", "agents_snoozed")
    }
    return {**numbers, **by_agent}


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
            counts.missed += part["missed"]
            counts.snoozed += part["snoozed"]
            if group_id is not None:
                counts.groups[group_id] = part["all"]
            for agent_id, number in part["agents"].items():
                agents[int(agent_id)] += number
        else:
            # Assigned to me in a group that is not mine: I see just these.
            counts.all += mine
            counts.missed += part["agents_missed"].get(me, 0)
            counts.snoozed += part["agents_snoozed"].get(me, 0)
            agents[scope.agent_id] += mine
    counts.agents = {agent_id: number for agent_id, number in agents.items() if number}
    return counts
