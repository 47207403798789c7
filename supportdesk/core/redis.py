"""Connections to Redis for what the cache framework cannot say."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import redis
from django.conf import settings
from redis.exceptions import LockError


@cache
def client() -> redis.Redis:
    """The process's pool of connections; values come back as text."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=5,
        health_check_interval=30,
    )


def key(*parts: object) -> str:
    """A key under this installation's prefix: `key("presence", 7)`."""
    return ":".join((settings.REDIS_PREFIX, *(str(part) for part in parts)))


@contextmanager
def alone(*parts: object, seconds: float) -> Iterator[bool]:
    """Whether this is nobody else's work now; for that long, if the process dies."""
    lock = client().lock(key("alone", *parts), timeout=seconds)
    is_ours = lock.acquire(blocking=False)
    try:
        yield is_ours
    finally:
        if is_ours:
            # It took longer than that, and may be somebody else's.
            with suppress(LockError):
                lock.release()
