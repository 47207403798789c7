"""Reports: how fast figures are counted, and what the page takes beside an empty view.

By default on a small load. What counts is the full one, which is worth keeping:

    python -m benchmarks.reports --conversations 1000000 --keep

Counting anew does at least 10,000 messages a second, so that a minute's messages are
never more than a moment's work; no page takes more than 100 ms in 95 of 100 cases. On a
busy machine the times are those of its other work, the column `of our own` is not.
"""

import sys
import time
from functools import partial

from benchmarks.inbox import MAX_P95, fill, measure, on_load, tell

MIN_RATE = 10_000
MAX_QUERIES = 13
PERIODS = ("?d=1", "?d=7", "?d=30", "?d=90", "?d=365")


def run(conversations: int, seed: int, rounds: int) -> int:
    from django.db import connection  # noqa: PLC0415 - after django.setup()
    from django.test import Client, override_settings  # noqa: PLC0415

    from conversations import services  # noqa: PLC0415
    from conversations.models import Figure, Message  # noqa: PLC0415

    account = fill(conversations, seed)
    owner = account.agents.get(role="owner")
    failures = []

    services.count_new_messages(max_steps=1)
    begin = time.perf_counter()
    services.rebuild_figures()
    seconds = time.perf_counter() - begin
    with connection.cursor() as cursor:
        # What the database's own upkeep does within the minute.
        cursor.execute("VACUUM ANALYZE conversations_figure")
    messages = Message.objects.count()
    rate = messages / seconds
    print(
        f"counted anew: {messages:,} messages in {seconds:.1f} s, {rate:,.0f}/s,"
        f" {Figure.objects.count():,} figures"
    )
    if rate < MIN_RATE:
        failures.append(f"{rate:.0f} messages a second")

    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    with override_settings(ROOT_URLCONF="benchmarks.empty"):
        floor = measure(partial(client.get, "/"), rounds)
    print(f"Empty view of somebody signed in: {floor.p50:.1f} ms")
    group = account.groups.first()
    addresses = [
        *PERIODS,
        f"?d=90&channel=website&group={group.pk}",
        f"?d=90&agent={owner.pk}",
    ]
    for address in addresses:
        figure = measure(partial(client.get, f"/reports/{address}"), rounds)
        print(
            f"{address:<34} p50 {figure.p50:6.1f} ms  p95 {figure.p95:6.1f} ms"
            f"  {figure.own:5.1f} of our own"
            f"  {figure.queries} queries, {figure.in_database:4.0f} ms"
            f"  x {figure.p50 / floor.p50:.1f}",
            flush=True,
        )
        if figure.p95 > MAX_P95:
            failures.append(f"{address}: p95 {figure.p95:.0f} ms")
        if figure.queries > MAX_QUERIES:
            failures.append(f"{address}: {figure.queries} queries")
    return tell(failures)


if __name__ == "__main__":
    sys.exit(on_load(run, __doc__))
