"""Who of the team has a conversation open right now.

Ephemeral, in Redis: one sorted set per conversation, one entry per agent and tab,
scored by the last sign of life. Nothing has to be taken back after a crash or a closed
lid: it grows old. Whoever may see the conversation may be told.
"""

import time
from dataclasses import dataclass

import redis.exceptions

from supportdesk.accounts.models import User
from supportdesk.accounts.people import Person
from supportdesk.core import redis as desk_redis

LIFETIME = 90.0
"""Seconds without a sign of life after which nobody looks any more."""


@dataclass(frozen=True)
class Lookers:
    """Agents who look on; `at` orders what was read, in microseconds of Redis's clock."""

    agent_ids: frozenset[int] = frozenset()
    at: int = 0
    # The tab that asked was not known before.
    is_new: bool = False


def look(account_id: int, public_id: str, agent_id: int, tab: str) -> Lookers:
    """Note that a tab shows the conversation, and say who does; repeated with each
    sign of life. Nobody does when Redis does not answer."""
    now = time.time()
    key = desk_redis.key("together", account_id, public_id)
    try:
        with desk_redis.client().pipeline() as pipe:
            pipe.zremrangebyscore(key, 0, now - LIFETIME)
            pipe.zadd(key, {f"{agent_id}:{tab}": now})
            pipe.expire(key, int(LIFETIME))
            pipe.zrange(key, 0, -1)
            pipe.time()
            _removed, added, _expires, members, at = pipe.execute()
    except redis.exceptions.RedisError:
        return Lookers()
    return Lookers(_agent_ids(members), _microseconds(at), bool(added))


def leave(account_id: int, public_id: str, agent_id: int, tab: str) -> Lookers:
    """The tab shows something else; says who still looks on."""
    key = desk_redis.key("together", account_id, public_id)
    try:
        desk_redis.client().zrem(key, f"{agent_id}:{tab}")
    except redis.exceptions.RedisError:
        # It grows old.
        return Lookers()
    return lookers(account_id, public_id)


def lookers(account_id: int, public_id: str) -> Lookers:
    key = desk_redis.key("together", account_id, public_id)
    try:
        with desk_redis.client().pipeline() as pipe:
            pipe.zrangebyscore(key, time.time() - LIFETIME, "+inf")
            pipe.time()
            members, at = pipe.execute()
    except redis.exceptions.RedisError:
        return Lookers()
    return Lookers(_agent_ids(members), _microseconds(at))


def people_of(account_id: int, found: Lookers) -> list[Person]:
    """Who they are now, in the order of their names."""
    agents = User.objects.filter(account_id=account_id, pk__in=found.agent_ids)
    rows = agents.active().by_name().values_list("pk", "name", "email")
    return [Person(*row) for row in rows]


def _agent_ids(members: list[str]) -> frozenset[int]:
    return frozenset(int(member.partition(":")[0]) for member in members)


def _microseconds(at: tuple[int, int]) -> int:
    return at[0] * 1_000_000 + at[1]
