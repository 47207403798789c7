"""A fresh desk for a benchmark: its own database, the real web process."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SERVER = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/8")


def fresh_database() -> contextlib.AbstractContextManager[None]:
    """Django set up on an empty, migrated database that is dropped afterwards."""
    return database(f"desk_bench_{os.getpid()}")


@contextlib.contextmanager
def database(name: str, *, keep: bool = False) -> Iterator[None]:
    """Django set up on a migrated database: the one that was kept, or a new one."""
    quoted = sql.Identifier(name)
    with psycopg.connect(SERVER, autocommit=True) as connection:
        there = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(there, [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
    try:
        os.environ.update(
            ENVIRONMENT="development",
            LOG_LEVEL="WARNING",
            # A handful of sockets stands for many visitors.
            WIDGET_RATE_FACTOR="1000",
            DESK_RATE_FACTOR="1000",
            DATABASE_URL=urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}")),
            REDIS_URL=REDIS,
            REDIS_PREFIX=name,
            DJANGO_SETTINGS_MODULE="supportdesk.settings",
        )
        import django  # noqa: PLC0415 - needs the environment above
        from django.core.management import call_command  # noqa: PLC0415

        django.setup()
        call_command("migrate", verbosity=0)
        from supportdesk.operations.server import settle  # noqa: PLC0415

        # Pages are measured as the web process serves them.
        settle()
        yield
        # Deferred pushes still read from the database.
        time.sleep(1.5)
    finally:
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        if not keep:
            with psycopg.connect(SERVER, autocommit=True) as connection:
                drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted)
                connection.execute(drop)


@contextlib.contextmanager
def web() -> Iterator[str]:
    """One web process as production runs it; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "supportdesk.operations.server"),
            *("--port", str(port), "--log-level", "warning"),
        ]
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
                break
            time.sleep(0.1)
        else:
            raise RuntimeError("the web process does not answer")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def paced(
    rate: float, seconds: float, start: Callable[[int], asyncio.Task[None]]
) -> None:
    """Start work at a steady rate, however long each takes, and wait for all."""
    begin = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        delay = begin + number / rate - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        tasks.append(start(number))
    await asyncio.gather(*tasks)
