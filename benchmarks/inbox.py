"""Server time and queries of every list and of a long thread, beside an empty view.

By default on a small load, to see that queries do not grow. What counts is the full
one, which takes a while to fill and is worth keeping:

    python -m benchmarks.inbox --conversations 1000000 --keep

No page may take more than 100 ms in 95 of 100 cases, nor more than 8 queries (13 where
something is searched for, 17 where it is searched for in the list and in a thread), and a
deep page no more than half as long again as the first one.
What agents look at all day takes less than 30 ms in the middle. A limit that was missed is
said beside the page. All of it is one process on an otherwise idle machine: the times of a
busy one are those of its other work, the column `of our own` is not.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.desk import database, percentile

MESSAGES_EACH = 10
MAX_QUERIES = 8
MAX_SEARCH_QUERIES = 13
MAX_BOTH_QUERIES = 17
MAX_P95 = 100.0
MAX_USUAL = 30.0
USUAL = {"mine", "unassigned", "others", "all", "missed", "resolved", "group", "agent"}
# Whoever goes through what was found asks for one thread after another, and for the
# list once.
ASKED_FOR = {"hits in the thread": {"HX-Request": "true", "HX-Target": "thread"}}
DEEP = 1.5
"""So many times the first page a deep one may take."""
# Below that, the clock's own noise decides.
NOISE = 10.0


@dataclass
class Figure:
    queries: int
    in_database: float
    p50: float
    p95: float
    # What this process itself worked, without the database and whoever else is busy.
    own: float


def measure(act: Callable[[], Any], rounds: int) -> Figure:
    from django.db import connection  # noqa: PLC0415 - after django.setup()
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    assert act().status_code == 200
    with CaptureQueriesContext(connection) as captured:
        act()
    # BEGIN and COMMIT cost time, which is measured, and are no queries.
    marks = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    queries = [
        query
        for query in captured.captured_queries
        if not query["sql"].startswith(marks)
    ]
    times, own = [], []
    for _ in range(rounds):
        begin, worked = time.perf_counter(), time.process_time()
        act()
        times.append((time.perf_counter() - begin) * 1000)
        own.append((time.process_time() - worked) * 1000)
    return Figure(
        queries=len(queries),
        in_database=sum(float(query["time"]) for query in queries) * 1000,
        p50=statistics.median(times),
        p95=percentile(times, 0.95),
        own=statistics.median(own),
    )


def fill(conversations: int, seed: int) -> Any:
    """The account under load: as it was kept, or written now."""
    from django.core.management import call_command  # noqa: PLC0415

    from supportdesk.accounts.models import Account  # noqa: PLC0415
    from supportdesk.demo.load.cast import NAME  # noqa: PLC0415

    account = Account.objects.filter(name=NAME).first()
    if account is None:
        call_command(
            "seed_load",
            conversations=conversations,
            messages=conversations * MESSAGES_EACH,
            seed=seed,
        )
        return Account.objects.get(name=NAME)
    there = account.conversations.count()
    if there != conversations:
        sys.exit(f"the kept database was left with {there} conversations: drop it")
    return account


def lists(account: Any, viewer: Any) -> Iterator[tuple[str, str]]:
    """Names and addresses of the lists; what is deep is named after its first page."""
    from conversations.inbox import SHOWS, InboxQuery, list_page  # noqa: PLC0415
    from conversations.models import Conversation  # noqa: PLC0415

    def deep(query: InboxQuery, pages: int) -> str:
        after = ""
        for _ in range(pages):
            after = list_page(viewer, query, after).after or after
        return f"{query.suffix or '?'}&after={after}"

    for show in SHOWS:
        yield show, f"?show={show}"
    yield "missed", "?missed=1"
    yield "all, deep", deep(InboxQuery(), 40)
    group = viewer.groups.first() or account.groups.first()
    yield "group", f"?group={group.pk}"
    busy = account.agents.filter(assigned_conversations__status="open").first()
    yield "agent", f"?agent={busy.pk}"
    for sort in ("waiting", "unread"):
        yield sort, f"?sort={sort}"
        yield f"{sort}, deep", deep(InboxQuery(sort=sort), 40)
    yield "resolved", "?status=resolved"
    yield "resolved, deep", f"?status=resolved&after={halfway(account)}"
    yield "resolved, group", f"?status=resolved&group={group.pk}"
    yield "resolved, agent", f"?status=resolved&agent={busy.pk}"
    named = Conversation.objects.visible_to(viewer).resolved()
    name = named.exclude(visitor__name="").earliest("created_at").visitor.name
    yield from searches(account, group, busy)
    yield "name", f"?status=resolved&q={name.replace(' ', '+')}"
    yield "frequent first name", "?status=resolved&q=Anna"
    yield "name of nobody", "?status=resolved&q=Nobody+Hereabouts"


def searches(account: Any, group: Any, busy: Any) -> Iterator[tuple[str, str]]:
    """Each filter by itself, some together, and words: among all that is resolved."""
    from supportdesk.demo.load.vocabulary import (  # noqa: PLC0415
        FREQUENT,
        OCCASIONAL,
        RARE,
    )

    asked = {
        "rating": "rating=1",
        "two ratings": "rating=1&rating=3",
        "channel": "channel=messenger",
        "language": "language=en",
        "missed": "missed=1",
        "files": "files=1",
        "period": "since=2026-01-01&until=2026-01-31",
        "address": "ip=198.51.100.7",
        "network": "ip=198.51.100.",
        "page": "url=/mills/",
        "no tag": f"tag={2**40}&tags=none",
        "three": f"rating=5&channel=email&group={group.pk}",
        "three more": f"language=en&missed=1&agent={busy.pk}",
        "three with network": "ip=198.51.101.&rating=1&language=de",
        "frequent word": f"q={FREQUENT}",
        "occasional word": f"q={OCCASIONAL}",
        "rare word": f"q={RARE}",
        "both words": f"q={FREQUENT}+{OCCASIONAL}",
        "part of words": f"q={FREQUENT[1:]}",
        "part of rare word": f"q={RARE[2:]}",
        "part of many words": "q=sch",
        "beginning": f"q={OCCASIONAL[:5]}*",
        "word and filter": f"q={FREQUENT}&rating=1&language=en",
    }
    for name, filters in asked.items():
        yield f"{name} (resolved)", f"?status=resolved&{filters}"
    yield "frequent word (open)", f"?q={FREQUENT}"
    yield "rare word (open)", f"?q={RARE}"


def halfway(account: Any) -> str:
    """The cursor half way down Resolved: walking there would take hours."""
    from conversations.inbox import _cursor_of  # noqa: PLC0415

    resolved = account.conversations.resolved()
    first, last = resolved.earliest("pk").pk, resolved.latest("pk").pk
    middle = resolved.filter(pk__gte=(first + last) // 2).earliest("pk")
    return _cursor_of(middle, "activity")


def run(conversations: int, seed: int, rounds: int) -> int:
    from django.test import Client, override_settings  # noqa: PLC0415

    account = fill(conversations, seed)
    owner = account.agents.get(role="owner")
    agent = account.agents.filter(role="agent").order_by("pk").first()
    long = account.conversations.latest("last_seq")
    failures = []
    for who, viewer in (("owner", owner), ("agent", agent)):
        client = Client(HTTP_HOST="localhost")
        client.force_login(viewer)
        with override_settings(ROOT_URLCONF="benchmarks.empty"):
            floor = measure(partial(client.get, "/"), rounds)
        print(f"\nAs {who}. Empty view of somebody signed in: {floor.p50:.1f} ms")
        pages = {name: f"/{query}" for name, query in lists(account, viewer)}
        if who == "owner":
            thread = f"/conversations/{long.public_id}/"
            pages[f"thread of {long.last_seq}"] = thread
            pages["thread, half way"] = f"{thread}?before={long.last_seq // 2}"
            pages["hits in the thread"] = f"{thread}?q=parcel"
            pages["hits in list and thread"] = f"{thread}?q=parcel"
            pages["numbers of views"] = "/views/counts/"
        found: dict[str, Figure] = {}
        for name, address in pages.items():
            asked = partial(client.get, address, headers=ASKED_FOR.get(name))
            found[name] = figure = measure(asked, rounds)
            missed = list(wrong(name, found))
            print(
                f"{name:<29} p50 {figure.p50:6.1f} ms  p95 {figure.p95:6.1f} ms"
                f"  {figure.own:5.1f} of our own"
                f"  {figure.queries} queries, {figure.in_database:5.0f} ms"
                f"  x {figure.p50 / floor.p50:.1f}"
                f"{'  MISSED: ' if missed else ''}{', '.join(missed)}",
                flush=True,
            )
            failures += [f"{who}: {name}: {why}" for why in missed]
    return tell(failures)


def tell(failures: list[str]) -> int:
    """Say which limits were missed; the exit status."""
    print(f"\n{len(failures)} limits missed" if failures else "\nAll limits kept")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


def wrong(name: str, found: dict[str, Figure]) -> Iterator[str]:
    figure = found[name]
    is_search = "(" in name or "name" in name or "hits" in name
    most = MAX_SEARCH_QUERIES if is_search else MAX_QUERIES
    if figure.queries > (MAX_BOTH_QUERIES if "and thread" in name else most):
        yield f"{figure.queries} queries"
    if figure.p95 > MAX_P95:
        yield f"p95 {figure.p95:.0f} ms"
    if name in USUAL and figure.p50 > MAX_USUAL:
        yield f"{figure.p50:.0f} ms, and it is a usual page"
    first = found.get(name.removesuffix(", deep"), figure)
    if figure.p50 > first.p50 * DEEP + NOISE:
        yield f"{figure.p50:.0f} ms, and the first page {first.p50:.0f} ms"


def on_load(run: Callable[[int, int, int], int], about: str | None) -> int:
    """`run(conversations, seed, rounds)` on a database with as many as are asked for."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--conversations", type=int, default=5_000)
    parser.add_argument("--keep", action="store_true", help="leave the database there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    with database(f"desk_load_{given.conversations}", keep=given.keep):
        return run(given.conversations, given.seed, given.rounds)


if __name__ == "__main__":
    sys.exit(on_load(run, __doc__))
