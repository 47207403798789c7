"""Sending to layer groups from synchronous code.

One thread per process owns an event loop and with it one connection to Redis.
`async_to_sync` instead would switch threads for each call and, in workers and
timers, open a connection for each.
"""

import asyncio
import atexit
import logging
import os
import threading
from typing import Any

import redis.exceptions
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

Send = tuple[str, dict[str, Any]]

MAX_WAITING = 10_000
"""Batches that wait while Redis does not answer; what comes then is dropped."""


class _Sender(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="layer", daemon=True)
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.queue: asyncio.Queue[list[Send] | None] = asyncio.Queue()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._work())
        self.loop.close()

    def put(self, sends: list[Send] | None) -> None:
        self.loop.call_soon_threadsafe(self._put, sends)

    def _put(self, sends: list[Send] | None) -> None:
        if self.queue.qsize() < MAX_WAITING or sends is None:
            self.queue.put_nowait(sends)
        else:
            logger.warning("a push was dropped: the layer is too slow")

    async def _work(self) -> None:
        layer = get_channel_layer()
        while True:
            sends = await self.queue.get()
            if sends is None:
                break
            try:
                # One after another: who listens to one group hears in order.
                for group, event in sends:
                    await layer.group_send(group, event)
            except (redis.exceptions.RedisError, OSError):
                logger.warning("nothing pushed: the layer does not answer")
            except Exception:
                logger.exception("a push failed")
        await layer.flush()


_lock = threading.Lock()
_sender: _Sender | None = None


def _current() -> _Sender:
    """The process's sender; a forked worker starts its own."""
    global _sender
    with _lock:
        if _sender is None or _sender.pid != os.getpid() or not _sender.is_alive():
            _sender = _Sender()
            _sender.start()
        return _sender


def send(sends: list[Send]) -> None:
    """Hand messages over, in order, without waiting for the layer.

    A layer that does not answer costs speed, not data: pages ask for what they
    missed, so the write that led here must not fail.
    """
    _current().put(sends)


@atexit.register
def _finish() -> None:
    """A command that ends sends what it has to say first."""
    if _sender is not None and _sender.pid == os.getpid() and _sender.is_alive():
        _sender.put(None)
        _sender.join(2)
