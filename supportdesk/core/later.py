"""Doing a thing once, a little later, however often it is asked for meanwhile."""

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from django.db import connection

logger = logging.getLogger(__name__)

Job = tuple[float, int, Hashable, Callable[..., None], tuple[Any, ...]]


class _Worker(threading.Thread):
    """One thread per process that runs what is due."""

    def __init__(self) -> None:
        super().__init__(name="later", daemon=True)
        self.condition = threading.Condition()
        self.jobs: list[Job] = []
        self.waiting: set[Hashable] = set()
        self.numbers = itertools.count()

    def add(
        self,
        key: Hashable,
        delay: float,
        do: Callable[..., None],
        args: tuple[Any, ...],
    ) -> None:
        with self.condition:
            if key in self.waiting:
                return
            self.waiting.add(key)
            due = time.monotonic() + delay
            heapq.heappush(self.jobs, (due, next(self.numbers), key, do, args))
            self.condition.notify()

    def run(self) -> None:
        while True:
            _due, _number, key, do, args = self._next()
            try:
                do(*args)
            except Exception:
                logger.exception("a deferred push failed: %s", key)
            finally:
                connection.close()

    def _next(self) -> Job:
        with self.condition:
            while True:
                wait = self.jobs[0][0] - time.monotonic() if self.jobs else None
                if wait is not None and wait <= 0:
                    job = heapq.heappop(self.jobs)
                    # What is asked for from now on is not in this run any more.
                    self.waiting.discard(job[2])
                    return job
                self.condition.wait(wait)


_lock = threading.Lock()
_worker: _Worker | None = None


def _begin_anew() -> None:
    """In a forked process: threads stay behind, and a lock may be held by one."""
    global _lock, _worker
    _lock, _worker = threading.Lock(), None


os.register_at_fork(after_in_child=_begin_anew)


def once(key: Hashable, delay: float, do: Callable[..., None], *args: Any) -> None:
    """Run `do(*args)` in `delay` seconds unless that is already going to happen.

    For pushes only: what a killed process had not done yet is lost.
    """
    global _worker
    with _lock:
        if _worker is None or not _worker.is_alive():
            _worker = _Worker()
            _worker.start()
        _worker.add(key, delay, do, args)
