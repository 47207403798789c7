"""Rate limits over all processes, counted in Redis."""

import logging
import math
import time
from functools import cache

import redis.exceptions
from django.conf import settings
from limits import parse
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

logger = logging.getLogger(__name__)


@cache
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(
        RedisStorage(
            settings.REDIS_URL,
            key_prefix=f"{settings.REDIS_PREFIX}:limit",
            socket_timeout=5,
        )
    )


@cache
def _rate(text: str):  # type: ignore[no-untyped-def]
    return parse(text)


def allow(rate: str, *who: object, uses: int = 1) -> bool:
    """Count a use, or several at once, and say whether it is within `rate`
    ("30/minute").

    `who` names the counter: a purpose, then what is limited. Without Redis the
    answer is yes: a visitor's message matters more than the limit.
    """
    try:
        return bool(
            _limiter().hit(_rate(rate), *(str(part) for part in who), cost=uses)
        )
    except redis.exceptions.RedisError:
        logger.warning("rate limit not counted: Redis does not answer")
        return True


def is_used_up(rate: str, *who: object) -> bool:
    """Whether the next use would be refused; counts nothing. Without Redis: no."""
    try:
        return not _limiter().test(_rate(rate), *(str(part) for part in who))
    except redis.exceptions.RedisError:
        return False


def seconds_to_wait(rate: str, *who: object) -> int:
    """How long until a use is allowed again; at least a second."""
    try:
        stats = _limiter().get_window_stats(_rate(rate), *(str(part) for part in who))
    except redis.exceptions.RedisError:
        return 1
    return max(1, math.ceil(stats.reset_time - time.time()))
