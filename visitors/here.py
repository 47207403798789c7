"""Whether a visitor is still there: a socket is open, or a page gave a sign of life.

Processes that hold visitors' sockets renew their visitors' scores in one sorted set
per account; pages without a socket are in the set of `live`. Nothing has to be taken
back after a crash: it just grows old.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from supportdesk.core import redis as desk_redis
from visitors import live
from visitors.models import Visit

RENEWAL = 20
"""Seconds between two signs of an open socket."""

SOCKET_GRACE = 45
"""Seconds after which a socket that gives no sign has died with its process."""

PAGE_GRACE = 75
"""Seconds without a sign of a page in view; browsers give one every 45."""


def _key(account_id: int) -> str:
    return desk_redis.key("here", account_id)


def renew(account_id: int, visitor_ids: Iterable[int]) -> None:
    """Note that these visitors have a socket open."""
    now = time.time()
    scores: Any = {str(visitor_id): now for visitor_id in visitor_ids}
    if not scores:
        return
    with desk_redis.client().pipeline(transaction=False) as pipe:
        pipe.zadd(_key(account_id), scores)
        pipe.zremrangebyscore(_key(account_id), "-inf", f"({now - SOCKET_GRACE}")
        pipe.expire(_key(account_id), 86_400)
        pipe.execute()


def leave(account_id: int, visitor_id: int) -> None:
    """The last socket of a process closed; another process renews what it holds."""
    desk_redis.client().zrem(_key(account_id), str(visitor_id))


def among(account_id: int, visitor_ids: Iterable[int]) -> set[int]:
    """Those of the visitors who are there. Raises RedisError: unknown is not gone."""
    return among_accounts({account_id: visitor_ids})


def among_accounts(visitor_ids: Mapping[int, Iterable[int]]) -> set[int]:
    """The same for visitors of several accounts, in one query for all of them."""
    wanted = {account_id: list(ids) for account_id, ids in visitor_ids.items()}
    now = time.time()
    found: set[int] = set()
    for account_id, ids in wanted.items():
        if not ids:
            continue
        members = [str(visitor_id) for visitor_id in ids]
        scores: Any = desk_redis.client().zmscore(_key(account_id), members)
        found |= {
            visitor_id
            for visitor_id, score in zip(ids, scores, strict=True)
            if score is not None and score >= now - SOCKET_GRACE
        }
    others = {account_id: set(ids) - found for account_id, ids in wanted.items()}
    return found | _with_a_page(others, now - PAGE_GRACE)


def _with_a_page(visitor_ids: Mapping[int, set[int]], since: float) -> set[int]:
    alive = [
        visit_id
        for account_id, ids in visitor_ids.items()
        if ids
        for visit_id in live.signs_since(account_id, since)
    ]
    if not alive:
        return set()
    visits = Visit.objects.filter(
        pk__in=alive, visitor__in=set().union(*visitor_ids.values())
    )
    return set(visits.values_list("visitor_id", flat=True))
