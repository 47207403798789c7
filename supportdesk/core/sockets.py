"""What the agents' and the visitors' sockets have in common."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import orjson
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

P = ParamSpec("P")
R = TypeVar("R")

# Within a day, spread out, so that neither rights nor processes grow stale.
LIFETIME = (20 * 3600, 24 * 3600)


def in_thread(function: Callable[P, R]) -> Callable[P, Any]:
    """Run in the thread pool: the shared ORM thread would serialise all sockets."""
    return database_sync_to_async(function, thread_sensitive=False)


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
