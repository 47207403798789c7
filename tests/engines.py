"""The engines of one test run: embedded ones, or the servers that are named.

The first process of the run, pytest-xdist's controller if there is one, provides
them before Django reads its settings; its workers inherit the addresses. Each
process claims a Redis database of its own and a prefix besides, since a layer's
publishing knows no databases. A database that holds anything is never touched.
"""

import atexit
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis

from supportdesk.operations import engines

VAR_DIR = Path(__file__).resolve().parent.parent / "var"
PREFIX = "desktest"
REGISTRY_DB = 15
CLAIM_SECONDS = 2 * 60 * 60


def provide() -> None:
    """Put the run's addresses into the environment, once for each process."""
    if "DESK_TEST_RUN" not in os.environ:
        os.environ["DESK_TEST_RUN"] = secrets.token_hex(4)
        directory = VAR_DIR / "test-engines" / os.environ["DESK_TEST_RUN"]
        share = engines.provide(os.environ, directory, throwaway=True)
        if share:
            atexit.register(share.wait_stopped)
            atexit.register(share.close)
        os.environ["DESK_TEST_REDIS"] = os.environ["REDIS_URL"]
    url, release = claim_redis(os.environ["DESK_TEST_REDIS"])
    atexit.register(release)
    os.environ["REDIS_URL"] = url
    os.environ["REDIS_PREFIX"] = prefix(os.environ.get("PYTEST_XDIST_WORKER", "main"))


def prefix(who: str) -> str:
    return f"{PREFIX}-{os.environ['DESK_TEST_RUN']}-{who}"


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def claim_redis(url: str) -> "tuple[str, Release]":
    """A Redis database that nobody uses, and the call that gives it back."""
    registry = redis.Redis.from_url(with_database(url, str(REGISTRY_DB)))
    for number in range(REGISTRY_DB - 1, -1, -1):
        claim = f"{PREFIX}:claim:{number}"
        if not registry.set(claim, "taken", nx=True, ex=CLAIM_SECONDS):
            continue
        mine = redis.Redis.from_url(with_database(url, str(number)))
        if _left_by_tests(mine):
            mine.flushdb()
            return with_database(url, str(number)), Release(mine, registry, claim)
        mine.close()
        registry.delete(claim)
    raise RuntimeError("Every Redis database on this server is in use: none for tests.")


def _left_by_tests(database: redis.Redis) -> bool:
    keys = database.scan_iter(count=1000)
    return all(key.startswith(f"{PREFIX}-".encode()) for key in keys)


class Release:
    def __init__(self, mine: redis.Redis, registry: redis.Redis, claim: str) -> None:
        self.mine, self.registry, self.claim = mine, registry, claim

    def __call__(self) -> None:
        self.mine.flushdb()
        self.registry.delete(self.claim)
        self.mine.close()
        self.registry.close()
