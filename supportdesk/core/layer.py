"""Sending to layer groups from synchronous code.

One thread per process takes what there is to send and hands it to Redis in one
round trip. `async_to_sync` around the layer instead costs a change of threads and
a round trip for each group, and in workers and timers a connection for each call.
"""

import atexit
import contextlib
import logging
import os
import queue
import threading
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings

logger = logging.getLogger(__name__)

Send = tuple[str, dict[str, Any]]

MAX_WAITING = 500
"""Batches that may wait; a writer that is faster waits for its turn."""

PATIENCE = 2.0
"""Seconds a writer waits at most; then the push is dropped, not the write."""

AT_ONCE = 50


class _Sender(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="layer", daemon=True)
        self.queue: queue.Queue[list[Send] | None] = queue.Queue(MAX_WAITING)
        self.layer = get_channel_layer()
        self.redis = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=5,
            socket_connect_timeout=5,
            health_check_interval=30,
        )

    def run(self) -> None:
        ended = False
        while not ended:
            sends, ended = self._take()
            try:
                self._publish(sends)
            except redis.RedisError:
                logger.warning("nothing pushed: the layer does not answer")
            except Exception:
                logger.exception("a push failed")
        self.redis.close()

    def _take(self) -> tuple[list[Send], bool]:
        """Wait for something to send, then take what else is there."""
        batch = self.queue.get()
        sends: list[Send] = []
        for _ in range(AT_ONCE):
            if batch is None:
                return sends, True
            sends += batch
            try:
                batch = self.queue.get_nowait()
            except queue.Empty:
                return sends, False
        sends += batch or []
        return sends, batch is None

    def _publish(self, sends: list[Send]) -> None:
        with self.redis.pipeline(transaction=False) as pipe:
            for group, event in sends:
                # The layer's own name for a group, see channels_redis.pubsub.
                pipe.publish(
                    f"{settings.LAYER_PREFIX}__group__{group}",
                    self.layer.serialize(event),
                )
            pipe.execute()


_lock = threading.Lock()
_sender: _Sender | None = None


def _begin_anew() -> None:
    """In a forked process: threads stay behind, and a lock may be held by one."""
    global _lock, _sender
    _lock, _sender = threading.Lock(), None


os.register_at_fork(after_in_child=_begin_anew)


def _current() -> _Sender:
    global _sender
    with _lock:
        if _sender is None or not _sender.is_alive():
            _sender = _Sender()
            _sender.start()
        return _sender


def send(sends: list[Send]) -> None:
    """Hand messages over, in order, without waiting for Redis.

    A layer that does not answer costs speed, not data: pages ask for what they
    missed, so the write that led here must not fail.
    """
    try:
        _current().queue.put(sends, timeout=PATIENCE)
    except queue.Full:
        logger.warning("a push was dropped: the layer is too slow")


@atexit.register
def _finish() -> None:
    """A command that ends sends what it has to say first."""
    if _sender is not None and _sender.is_alive():
        with contextlib.suppress(queue.Full):
            _sender.queue.put(None, timeout=PATIENCE)
        _sender.join(2)
