"""Who is on the website right now.

Visits are scored by their last sign of life in one sorted set per account; the page
each is on lies in a hash beside it. Nothing is swept: what is too old does not count,
and goes with the next sign of life of somebody else. The rest of what the desk shows
is in the visit's row. Ephemeral like all presence: after a loss of Redis the set fills
again within a heartbeat.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
import redis.exceptions

from supportdesk.core import redis as desk_redis

logger = logging.getLogger(__name__)

GRACE = 120
"""Seconds without a sign of life after which a visitor counts as gone: browsers give
one every 45 seconds while the page is in view."""

LEFT_GRACE = 15
"""Seconds for which who left is still shown: the next page says "here" again."""

KEPT = 900
"""Seconds for which the page is remembered: another tab of who left may still be open."""

# In one step, for between two a visit could come back that the second takes away.
_TOUCH = """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[3], 'LIMIT', 0, 1000)
if #old > 0 then
    redis.call('ZREM', KEYS[1], unpack(old))
    redis.call('HDEL', KEYS[2], unpack(old))
end
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('EXPIRE', KEYS[2], 86400)
"""


class LivePage(NamedTuple):
    """Where a visitor is; `website` and `browser` are keys of whoever reports it."""

    url: str
    title: str
    website: int
    browser: int


def touch(
    account_id: int, visit_id: int, page: LivePage | None = None, *, stays: int = 0
) -> None:
    """Note a sign of life, and the page if it is a new one.

    With `stays` it counts for so many seconds more.
    """
    now = time.time()
    shown = orjson.dumps(tuple(page)) if page else ""
    try:
        _touch()(
            keys=[_seen_key(account_id), _pages_key(account_id)],
            args=[visit_id, now + stays, now - KEPT, shown],
        )
    except redis.exceptions.RedisError:
        logger.warning("sign of life not noted: Redis does not answer")


def leave(account_id: int, visit_id: int) -> None:
    """The page was closed, or another one follows; only ever makes it older."""
    at = time.time() - GRACE + LEFT_GRACE
    try:
        desk_redis.client().zadd(
            _seen_key(account_id), {str(visit_id): at}, xx=True, lt=True
        )
    except redis.exceptions.RedisError:
        logger.warning("leaving not noted: Redis does not answer")


def forget(account_id: int, visit_ids: Iterable[int]) -> None:
    """Drop all that is known of these visits; after a failure it just grows old."""
    members = [str(visit_id) for visit_id in visit_ids]
    if not members:
        return
    try:
        with desk_redis.client().pipeline() as pipe:
            pipe.zrem(_seen_key(account_id), *members)
            pipe.hdel(_pages_key(account_id), *members)
            pipe.execute()
    except redis.exceptions.RedisError:
        logger.warning("visits not forgotten: Redis does not answer")


def online(account_id: int) -> list[int]:
    """The visits that go on right now; who came last is first."""
    since = time.time() - GRACE
    found: Any = desk_redis.client().zrangebyscore(_seen_key(account_id), since, "+inf")
    # A later visit has a higher key, so that rows keep their places.
    return sorted(map(int, found), reverse=True)


def signs_since(account_id: int, since: float) -> list[int]:
    """The visits that gave a sign of life since; `since` in seconds since 1970."""
    found: Any = desk_redis.client().zrangebyscore(_seen_key(account_id), since, "+inf")
    return [int(visit_id) for visit_id in found]


def pages_of(account_id: int, visit_ids: Iterable[int]) -> Mapping[int, LivePage]:
    """The pages of some visits; one of which nothing is known is missing."""
    wanted = list(visit_ids)
    if not wanted:
        return {}
    found: Any = desk_redis.client().hmget(
        _pages_key(account_id), [str(visit_id) for visit_id in wanted]
    )
    return {
        visit_id: LivePage(*orjson.loads(page))
        for visit_id, page in zip(wanted, found, strict=True)
        if page is not None
    }


@cache
def _touch() -> Any:
    return desk_redis.client().register_script(_TOUCH)


def _seen_key(account_id: int) -> str:
    return desk_redis.key("live", account_id)


def _pages_key(account_id: int) -> str:
    return desk_redis.key("live-pages", account_id)
