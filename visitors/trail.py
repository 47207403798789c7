"""What a visitor did on the website, as the card shows it."""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, OuterRef, QuerySet, Subquery, When, Window
from django.db.models.functions import JSONObject
from django.utils import timezone

from supportdesk.accounts.models import Account
from visitors.models import PageView, Visit, Visitor

SHOWN_PAGES = 100
SHOWN_VISITS = 20
_NEWEST = ("-last_seen_at", "-pk")
_FIELDS = ("user_agent", "hints", "ip", "time_zone", "country", "city")


@dataclass(frozen=True)
class Glance:
    """The visit that goes on or was the last, in as much as fits into one query."""

    visits: int = 0
    visit: Visit | None = None
    page_title: str = ""
    page_url: str = ""


@dataclass(frozen=True)
class Trail:
    """The same visit with its pages, newest first, and the visits before it."""

    visits: int
    visit: Visit | None
    pages: list[PageView]
    earlier: list[Visit]

    @property
    def glance(self) -> Glance:
        if not self.pages:
            return Glance(self.visits, self.visit)
        return Glance(self.visits, self.visit, self.pages[0].title, self.pages[0].url)


def glance_expression(visitor: str) -> Subquery:
    """For `annotate()`: what `read_glance` makes a Glance of.

    The card's head stands in pages that are opened all day: no query of its own.
    """
    of_visitor = Visit.objects.filter(visitor=OuterRef("visitor"))
    number = of_visitor.order_by().values("visitor").annotate(number=Count("pk"))
    page = PageView.objects.filter(visit=OuterRef("pk")).order_by("-at", "-id")
    visits = Visit.objects.filter(visitor=OuterRef(visitor)).order_by(*_NEWEST)
    return Subquery(
        visits.values(
            glance=JSONObject(
                visits=Subquery(number.values("number")),
                started_at="started_at",
                page_title=Subquery(page.values("title")[:1]),
                page_url=Subquery(page.values("url")[:1]),
                **{name: name for name in _FIELDS},
            )
        )[:1]
    )


def read_glance(found: dict[str, Any] | None) -> Glance:
    if found is None:
        return Glance()
    fields = {name: found[name] for name in _FIELDS}
    started_at = datetime.fromisoformat(found["started_at"])
    return Glance(
        visits=found["visits"],
        visit=Visit(started_at=started_at, **fields),
        page_title=found["page_title"] or "",
        page_url=found["page_url"] or "",
    )


def read_trail(visitor: Visitor) -> Trail:
    """The visits, and of the newest its pages: one query."""
    visits: Any = Visit.objects.filter(visitor=visitor).order_by(*_NEWEST)
    pages = pages_of(OuterRef("pk")).values(
        row=JSONObject(url="url", title="title", at="at")
    )
    of_newest = When(pk=Subquery(visits.values("pk")[:1]), then=ArraySubquery(pages))
    rows = visits.annotate(number=Window(Count("pk")), page_rows=Case(of_newest))
    found = list(rows[: SHOWN_VISITS + 1])
    if not found:
        return Trail(0, None, [], [])
    newest = found[0]
    seen = [
        PageView(**{**row, "at": datetime.fromisoformat(row["at"])})
        for row in newest.page_rows
    ]
    return Trail(newest.number, newest, seen, found[1:])


def pages_of(visit: Visit | OuterRef) -> QuerySet[PageView]:
    return PageView.objects.filter(visit=visit).order_by("-at", "-id")[:SHOWN_PAGES]


def time_there(visit: Visit, account: Account) -> datetime | None:
    """What the visitor's clock shows, if it differs from the account's."""
    try:
        zone = zoneinfo.ZoneInfo(visit.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # Empty, unknown, or a path where a name should be.
        return None
    there = timezone.now().astimezone(zone)
    same = there.utcoffset() == there.astimezone(account.tz).utcoffset()
    return None if same else there
