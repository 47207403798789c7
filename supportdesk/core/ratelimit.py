"""Rate limits over all processes, counted in Redis."""

import logging
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
