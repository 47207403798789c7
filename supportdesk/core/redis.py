"""Connections to Redis for what the cache framework cannot say."""

from functools import cache

import redis
from django.conf import settings


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
