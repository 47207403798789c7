"""The page of live visitors with 2,000 of them, beside the same page without any.

A render may cost five times the empty one: for an agent with full access, for one
with limited access, and for a search.
"""

import statistics
import sys
import time
from typing import Any

from benchmarks.desk import fresh_database

ONLINE = 2000
PAST = 20_000
ROUNDS = 40
LIMIT = 5.0


def _once(client: Any, path: str) -> float:
    begin = time.perf_counter()
    response = client.get(path)
    assert response.status_code == 200
    return (time.perf_counter() - begin) * 1000


def _fill(account: Any, channel: Any) -> None:
    """Visitors of former days, and those who are there now."""
    from datetime import timedelta  # noqa: PLC0415

    from django.db import connection  # noqa: PLC0415 - after django.setup()
    from django.utils import timezone  # noqa: PLC0415

    from visitors import live  # noqa: PLC0415
    from visitors.models import Visit, Visitor  # noqa: PLC0415

    now = timezone.now()
    visitors = Visitor.objects.bulk_create(
        Visitor(account=account, name=f"Visitor {number}")
        for number in range(PAST + ONLINE)
    )
    past = now - timedelta(days=3)
    Visit.objects.bulk_create(
        Visit(visitor=visitor, started_at=past, last_seen_at=past)
        for visitor in visitors[:PAST]
    )
    here = Visit.objects.bulk_create(
        Visit(
            visitor=visitor,
            started_at=now - timedelta(minutes=number % 40),
            last_seen_at=now,
            referrer="https://search.example.org/?q=mill",
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0",
            page_count=number % 7 + 1,
        )
        for number, visitor in enumerate(visitors[-ONLINE:])
    )
    for number, visit in enumerate(here):
        url = f"https://shop.example.com/products/{number % 90}"
        page = live.LivePage(url, f"Product {number % 90}", channel.pk, 0)
        live.touch(account.pk, visit.pk, page, stays=3600)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def run() -> int:
    from django.test import Client  # noqa: PLC0415

    from tests import factories  # noqa: PLC0415

    full, empty = factories.make_account(), factories.make_account()
    channel = factories.make_channel(full)
    factories.make_channel(empty)
    _fill(full, channel)
    clients = {}
    for name, agent in {
        "empty": factories.owner_of(empty),
        "full": factories.owner_of(full),
        "limited": factories.make_agent(full, groups=(factories.make_group(full),)),
    }.items():
        clients[name] = Client(HTTP_HOST="localhost")
        clients[name].force_login(agent)
    pages = {
        "empty": ("empty", ""),
        "full access": ("full", ""),
        "full access, page 40": ("full", "?page=40"),
        "full access, search": ("full", "?q=product+17"),
        "limited access": ("limited", ""),
    }
    times: dict[str, list[float]] = {name: [] for name in pages}
    # In turns, so that what else the machine does meets all of them alike.
    for _ in range(ROUNDS):
        for name, (who, query) in pages.items():
            times[name].append(_once(clients[who], f"/visitors/{query}"))
    floor = statistics.median(times.pop("empty"))
    print(f"empty page: {floor:.1f} ms")
    failed = 0
    for name, taken in times.items():
        median = statistics.median(taken)
        failed |= median > LIMIT * floor
        print(
            f"{name:<22}{ONLINE} online  {median:>6.1f} ms, x {median / floor:.1f}"
            f"  (at most x {LIMIT:.0f})"
        )
    return int(failed)


def main() -> int:
    with fresh_database():
        return run()


if __name__ == "__main__":
    sys.exit(main())
