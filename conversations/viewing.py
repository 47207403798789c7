"""Which threads are open on some agent's screen, so that only those are rendered.

Ephemeral, in Redis, per account: public ids scored by the last sign of life. A page
that opened a thread a moment ago may get a push without the fragment; it sees the
gap and asks. Beside them, for the whole desk, whose visitor cards are open: most
visitors read the shop's pages without an agent who looks. A card sees no gap: what
changed while its page was on the way to the screen is remembered till it is there.
"""

import time
from collections.abc import Iterable

import redis.exceptions

from supportdesk.core import redis as desk_redis

LIFETIME = 90.0
"""Seconds without a sign of life after which nobody looks any more."""

REMEMBERED = 1.0
"""Seconds for which a process believes what it was told."""

NEWS = 30.0
"""Seconds for which it is remembered what changed on a card."""

# Clocks of several machines differ.
_SLACK = 1.0

_remembered: dict[int, tuple[float, frozenset[str]]] = {}


def look_at(account_id: int, public_id: str, visitor_id: int) -> None:
    """Note that an agent has the thread open; repeated with each sign of life."""
    now = time.time()
    opened = {
        desk_redis.key("viewing", account_id): public_id,
        desk_redis.key("viewing-cards"): f"{visitor_id}.{account_id}",
    }
    with desk_redis.client().pipeline(transaction=False) as pipe:
        for key, member in opened.items():
            pipe.zadd(key, {member: now})
            pipe.zremrangebyscore(key, 0, now - LIFETIME)
            pipe.expire(key, int(LIFETIME))
        pipe.execute()
    _remembered.pop(account_id, None)


def is_viewed(account_id: int, public_id: str) -> bool:
    """Whether an agent may have the thread open; yes when Redis does not answer."""
    now = time.monotonic()
    until, viewed = _remembered.get(account_id, (0.0, frozenset()))
    if until < now:
        key = desk_redis.key("viewing", account_id)
        since = time.time() - LIFETIME
        try:
            found = desk_redis.client().zrangebyscore(key, since, "+inf")
        except redis.exceptions.RedisError:
            return True
        viewed = frozenset(str(member) for member in found)
        _remembered[account_id] = (now + REMEMBERED, viewed)
    return public_id in viewed


def open_cards() -> dict[int, int]:
    """Visitors whose card some agent may have open, and the account of each.

    Not remembered: a card sees no gap, so what it is not told is missed. Nobody's when
    Redis does not answer, for nothing could be pushed then.
    """
    key = desk_redis.key("viewing-cards")
    since = time.time() - LIFETIME
    try:
        found = desk_redis.client().zrangebyscore(key, since, "+inf")
    except redis.exceptions.RedisError:
        return {}
    pairs = (str(member).partition(".") for member in found)
    return {int(visitor): int(account) for visitor, _dot, account in pairs}


def note_news(visitor_ids: Iterable[int], sections: Iterable[str]) -> bool:
    """Remember that these parts of the cards changed, whether or not somebody looks.

    Returns whether Redis took it. If not, nothing can be pushed either, and pages ask
    for all when they are back.
    """
    news = dict.fromkeys(sections, time.time())
    try:
        with desk_redis.client().pipeline(transaction=False) as pipe:
            for visitor_id in visitor_ids:
                key = desk_redis.key("card-news", visitor_id)
                pipe.zadd(key, news)
                pipe.expire(key, int(NEWS + _SLACK))
            pipe.execute()
    except redis.exceptions.RedisError:
        return False
    return True


def changed_since(visitor_id: int, since: float) -> list[str]:
    """Which parts of the card changed since then; `NEWS` ago at the most."""
    key = desk_redis.key("card-news", visitor_id)
    try:
        return [
            str(name)
            for name in desk_redis.client().zrangebyscore(key, since - _SLACK, "+inf")
        ]
    except redis.exceptions.RedisError:
        return []
