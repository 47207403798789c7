"""What the agents' and the visitors' sockets have in common."""

import asyncio
import contextlib
import functools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import orjson
from asgiref.sync import sync_to_async
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import connection

P = ParamSpec("P")
R = TypeVar("R")

# Within a day, spread out, so that neither rights nor processes grow stale.
LIFETIME = (20 * 3600, 24 * 3600)


_kept = threading.local()
# Few: more threads would only wait for each other's turn with the interpreter.
_threads = ThreadPoolExecutor(4, thread_name_prefix="socket")


def in_thread(function: Callable[P, R]) -> Callable[P, Any]:
    """Run in the sockets' threads: the shared ORM thread would serialise them all."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        finally:
            _give_back()

    return sync_to_async(run, thread_sensitive=False, executor=_threads)


def _give_back() -> None:
    """Return this thread's connection to the pool, but not after every message.

    A connection that failed goes at once; the others after a few seconds, which
    spares the path of a message two visits to the pool.
    """
    now = time.monotonic()
    if connection.connection is None:
        return
    kept_since = getattr(_kept, "since", None)
    if kept_since is None:
        _kept.since = kept_since = now
    if connection.errors_occurred or now - kept_since >= settings.SOCKET_CONNECTION_AGE:
        connection.close()
        _kept.since = None


class SocketConsumer(AsyncWebsocketConsumer):
    """A socket that speaks JSON and touches the database only through `in_thread`."""

    timer: asyncio.TimerHandle | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Straight to the handler.

        The framework first closes old connections in a thread, for consumers that
        use the ORM themselves: a change of threads for each event on each socket.
        """
        await getattr(self, get_handler_name(message))(message)

    async def reply(self, content: dict[str, Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the socket closed meanwhile
            await self.send(orjson.dumps(content).decode())

    def close_later(self, code: int, delay: float | None = None) -> None:
        """Close in `delay` seconds, or within a day; replaces what was planned."""
        self.stop_timer()
        loop = asyncio.get_running_loop()
        if delay is None:
            delay = random.uniform(*LIFETIME)  # noqa: S311 - spread, not secrecy
        self.timer = loop.call_later(
            delay, lambda: asyncio.ensure_future(self.close(code))
        )

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
