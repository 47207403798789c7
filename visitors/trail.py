"""What a visitor did on the website, as the card shows it."""

from dataclasses import dataclass

from visitors.models import PageView, Visit, Visitor

SHOWN_PAGES = 100


@dataclass(frozen=True)
class Trail:
    """The visit that goes on or was the last, newest page first."""

    visits: int
    visit: Visit | None
    pages: list[PageView]


def read_trail(visitor: Visitor) -> Trail:
    visits = Visit.objects.filter(visitor=visitor)
    visit = visits.order_by("-last_seen_at").first()
    if visit is None:
        return Trail(0, None, [])
    pages = PageView.objects.filter(visit=visit).order_by("-at", "-id")
    return Trail(visits.count(), visit, list(pages[:SHOWN_PAGES]))
