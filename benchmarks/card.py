"""Queries and time of the visitor card: the page that holds it, and each section.

With 1 and with 30 rows of everything (visits, pages, conversations, entries): the
number of queries must not differ, and the card with all its fragments takes at most
10, counted as what the browser asks after the page, each with its agent and its
conversation, and what the page asks more for a visitor who is blocked and merged.
The page's own limit stands in `page_queries`.
"""

import sys
from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks.desk import fresh_database
from benchmarks.page_queries import measure

LIMIT = 10
SECTIONS = ("note", "customer", "history")
REFRESHED = ("head", "contact", "conversations")


def _fill(visitor: Any, owner: Any, rows: int) -> None:
    from django.utils import timezone  # noqa: PLC0415 - after django.setup()

    from tests import factories  # noqa: PLC0415
    from visitors.models import (  # noqa: PLC0415
        CustomerInformation,
        PageView,
        Source,
        Visit,
    )

    now = timezone.now()
    while (number := visitor.visits.count()) < rows:
        at = now - timedelta(days=rows - number)
        visit = Visit.objects.create(
            visitor=visitor, started_at=at, last_seen_at=at, page_count=rows
        )
        PageView.objects.bulk_create(
            PageView(visit=visit, url="https://shop.example.com/", title="Home", at=at)
            for _ in range(rows)
        )
    while visitor.conversations.count() < rows:
        conversation = factories.make_conversation(owner.account, visitor=visitor)
        factories.agent_writes(conversation, owner)
    items = [{"key": f"k{n}", "label": "", "value": n} for n in range(rows)]
    for source in (Source.API, Source.PAGE):
        CustomerInformation.objects.update_or_create(
            visitor=visitor,
            source=source,
            defaults={"items": items, "changed_at": now},
        )


def _trouble(visitor: Any, owner: Any) -> None:
    """Blocked and merged: all that can stand under the name."""
    from conversations import services  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415
    from visitors.services import block_visitor  # noqa: PLC0415

    block_visitor(visitor=visitor, agent=owner, reason="Rude")
    other = factories.make_conversation(owner.account)
    services.merge_visitors(kept=visitor, merged=other.visitor, agent=owner)


def run() -> int:
    from django.test import Client  # noqa: PLC0415

    from tests import factories  # noqa: PLC0415
    from visitors.services import save_note  # noqa: PLC0415

    account = factories.make_account()
    owner = factories.owner_of(account)
    first = factories.make_conversation(account)
    save_note(visitor=first.visitor, agent=owner, text="Calls back", version=0)
    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    thread = f"/conversations/{first.public_id}/"
    bare = {"HX-Request": "true"}
    _count, floor = measure(lambda: client.get("/healthz"))
    print(f"empty view: {floor:.1f} ms")
    totals = []
    for rows in (1, 30):
        _fill(first.visitor, owner, rows)
        counts = {}
        for name in (*SECTIONS, *REFRESHED):
            ask = partial(client.get, f"{thread}visitor/{name}/", headers=bare)
            counts[name], median = measure(ask)
            print(
                f"{name:<14}{rows:>3} rows  {counts[name]} queries"
                f"  {median:.1f} ms, x {median / floor:.0f}"
            )
        totals.append(tuple(counts.values()))
        total = sum(counts[name] for name in SECTIONS)
        print(f"{'card':<14}{rows:>3} rows  {total} queries (at most {LIMIT})")
    _trouble(first.visitor, owner)
    ask = partial(client.get, f"{thread}visitor/state/", headers=bare)
    asked, _median = measure(ask)
    worst = total + asked - counts["head"]
    print(f"{'card, worst':<14}{rows:>3} rows  {worst} queries (at most {LIMIT})")
    return 0 if totals[0] == totals[1] and worst <= LIMIT else 1


def main() -> int:
    with fresh_database():
        return run()


if __name__ == "__main__":
    sys.exit(main())
