"""Queries and time of the pages agents look at all day, beside an empty view.

With 1 and with 30 rows: the number of queries must not differ. At most 8 for the
inbox and the thread, at most 6 for posting a message.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.desk import fresh_database

ROUNDS = 30
LIMITS = {"inbox": 8, "thread": 8, "post": 6}


def measure(act: Callable[[], Any]) -> tuple[int, float]:
    """Queries of one call, and its median time in milliseconds."""
    from django.db import connection  # noqa: PLC0415 - after django.setup()
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    act()
    with CaptureQueriesContext(connection) as queries:
        act()
    transaction = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    count = sum(not q["sql"].startswith(transaction) for q in queries)
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1000)
    return count, statistics.median(times)


def run() -> int:
    from django.test import Client  # noqa: PLC0415

    from tests import factories  # noqa: PLC0415

    account = factories.make_account()
    owner = factories.owner_of(account)
    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    first = factories.make_conversation(account)
    thread = f"/conversations/{first.public_id}/"
    acts: dict[str, Callable[[], Any]] = {
        "inbox": lambda: client.get("/"),
        "thread": lambda: client.get(thread),
        "post": lambda: factories.visitor_writes(first),
    }
    _count, floor = measure(lambda: client.get("/healthz"))
    print(f"empty view: {floor:.1f} ms")
    found: dict[str, list[int]] = {name: [] for name in acts}
    for rows in (1, 30):
        while account.conversations.count() < rows:
            conversation = factories.make_conversation(account)
            factories.agent_writes(conversation, owner)
        while first.messages.count() < rows:
            factories.visitor_writes(first)
        for name, act in acts.items():
            count, median = measure(act)
            found[name].append(count)
            print(
                f"{name:<8}{rows:>3} rows  {count} queries (at most {LIMITS[name]})"
                f"  {median:.1f} ms, x {median / floor:.0f}"
            )
    good = all(
        len(set(counts)) == 1 and counts[0] <= LIMITS[name]
        for name, counts in found.items()
    )
    return 0 if good else 1


def main() -> int:
    with fresh_database():
        return run()


if __name__ == "__main__":
    sys.exit(main())
