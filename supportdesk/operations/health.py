"""What must answer before this process may be sent visitors."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import redis.exceptions
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from kombu.exceptions import KombuError

from supportdesk.celery import app
from supportdesk.core.redis import client, key

logger = logging.getLogger(__name__)

PART_TIMEOUT = 3.0
# A queue is deaf when its worker missed three heartbeats (sent every 10 s).
HEARTBEAT_FRESH = 35.0
# Balancers ask often and anyone may: one round of checks answers them all.
REMEMBERED = 1.0
FAILURES = (
    *(DatabaseError, redis.exceptions.RedisError, KombuError),
    *(OSError, TimeoutError, asyncio.QueueFull),
)


# The layer drops a channel, and its subscription in Redis, only when somebody is
# cancelled who waits for it: one for each loop is used again and again.
_channels: WeakKeyDictionary[asyncio.AbstractEventLoop, str] = WeakKeyDictionary()


class NotReady(Exception):
    """A part answers, but not as it should."""


def note_heartbeat(queue: str) -> None:
    """A worker took a task from this queue just now."""
    client().set(key("heartbeat", queue), repr(time.time()), ex=3600)


def _check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        # This thread's own: no end of a request gives it back to the pool.
        connection.close()


def _check_cache() -> None:
    cache.set("operations:ready", "yes", 10)
    if cache.get("operations:ready") != "yes":
        raise NotReady


def _check_broker() -> None:
    with app.connection_for_write(
        connect_timeout=PART_TIMEOUT,
        transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS
        | {"socket_timeout": PART_TIMEOUT, "socket_connect_timeout": PART_TIMEOUT},
    ) as broker:
        broker.default_channel.client.ping()


def _check_workers() -> None:
    now = time.time()
    for queue in settings.HEARTBEAT_QUEUES:
        beat = client().get(key("heartbeat", queue))
        if beat is None or now - float(str(beat)) > HEARTBEAT_FRESH:
            raise NotReady


async def _check_layer() -> None:
    layer = get_channel_layer()
    if layer is None:
        raise NotReady
    loop = asyncio.get_running_loop()
    channel = _channels.get(loop)
    if channel is None:
        channel = _channels[loop] = await layer.new_channel()
    sent = {"type": "operations.ready", "at": time.time()}
    await layer.send(channel, sent)
    try:
        # One of a round that was cut off may come first.
        while (received := await layer.receive(channel)) != sent:
            if received["type"] != sent["type"]:
                raise NotReady
    except asyncio.CancelledError:
        del _channels[loop]
        raise


def _in_thread(check: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    # Not in asgiref's one shared thread: a part that hangs would hold up requests.
    async def run() -> None:
        await sync_to_async(check, thread_sensitive=False)()

    return run


PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "database": _in_thread(_check_database),
    "layer": _check_layer,
    "cache": _in_thread(_check_cache),
    "broker": _in_thread(_check_broker),
    "worker": _in_thread(_check_workers),
}


async def _answers(name: str, check: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(PART_TIMEOUT):
            await check()
    except NotReady:
        return False
    except FAILURES:
        logger.warning("readiness: %s does not answer", name, exc_info=True)
        return False
    return True


async def check_parts() -> dict[str, bool]:
    answers = await asyncio.gather(*(_answers(*part) for part in PARTS.items()))
    return dict(zip(PARTS, answers, strict=True))


class Readiness:
    """The last round of checks, asked again when it is older than a second."""

    def __init__(self) -> None:
        self._round: asyncio.Task[dict[str, bool]] | None = None
        self._until = 0.0

    async def ask(self) -> dict[str, bool]:
        loop = asyncio.get_running_loop()
        current = self._round
        stale = (
            current is None
            or current.get_loop() is not loop
            or (current.done() and time.monotonic() > self._until)
        )
        if stale or current is None:
            current = self._round = loop.create_task(self._check())
        return await asyncio.shield(current)

    async def _check(self) -> dict[str, bool]:
        answers = await check_parts()
        self._until = time.monotonic() + REMEMBERED
        return answers


readiness = Readiness()
