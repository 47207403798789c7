"""Who is on the website now, as one agent sees it.

The visits that go on come from Redis (`visitors.live`). The database is asked for the
rows of one page, and for something of every visit only where that decides which of
them are shown: a search, a filter, or an agent who does not see everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conversations.access import in_sight
from conversations.models import Channel, Conversation
from supportdesk.accounts.models import User
from supportdesk.core.text import clean_line
from visitors import live
from visitors.live import LivePage
from visitors.models import Visit, Visitor, visitor_number

PAGE_SIZE = 50
MAX_QUERY_LENGTH = 100
SHOWS = {
    "new": _("New"),
    "returning": _("Returning"),
    "talking": _("With a conversation"),
}

# The database keeps no order.
_CAMPAIGN = ("source", "medium", "campaign", "term", "content")


@dataclass(frozen=True)
class LiveQuery:
    """What the address asks for, validated; what is none counts as not given."""

    q: str = ""
    website: int | None = None
    show: str = ""
    page: int = 1

    @classmethod
    def parse(cls, data: QueryDict) -> "LiveQuery":
        show = data.get("show", "")
        return cls(
            q=clean_line(data.get("q", ""), MAX_QUERY_LENGTH),
            website=_key(data.get("website", "")),
            show=show if show in SHOWS else "",
            page=_key(data.get("page", "")) or 1,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.website or self.show)

    def suffix(self, page: int = 1) -> str:
        default = LiveQuery()
        given = {
            name: value
            for name, value in vars(replace(self, page=page)).items()
            if value != getattr(default, name)
        }
        return f"?{urlencode(given)}" if given else ""


@dataclass(frozen=True)
class LiveVisitor:
    """A row: who is there, where, since when, and whether somebody talks with them."""

    visit: Visit
    visits: int
    page: LivePage | None
    website: str
    conversation: Conversation | None

    @property
    def visitor(self) -> Visitor:
        return self.visit.visitor

    @property
    def about(self) -> str:
        """From where, and with which device."""
        visit, device = self.visit, self.visit.device
        place = ", ".join(part for part in (visit.city, visit.country) if part)
        system = ", ".join(part for part in (device.system, device.browser) if part)
        return " · ".join(part for part in (place, system) if part)

    @property
    def stay(self) -> str:
        number = self.visit.page_count
        pages = ngettext("%(number)s page", "%(number)s pages", number)
        if self.visits < 2:
            visits = gettext("first visit")
        else:
            visits = ngettext("%(number)s visit", "%(number)s visits", self.visits)
        return f"{pages % {'number': number}}, {visits % {'number': self.visits}}"

    @property
    def path(self) -> str:
        """The address of the page, short: the website is named beside it."""
        parts = _split(self.page.url if self.page else "")
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def origin(self) -> str:
        """The website the visitor came from."""
        host = _split(self.visit.referrer).hostname or ""
        return host.removeprefix("www.")

    @property
    def campaign(self) -> str:
        given = self.visit.campaign
        return " · ".join(str(given[name]) for name in _CAMPAIGN if name in given)


def _split(url: str) -> SplitResult:
    """The parts of a stored address; one that is none must not take the list along."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


@dataclass(frozen=True)
class LivePageOfRows:
    rows: list[LiveVisitor]
    total: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def pages(self) -> int:
        return max(-(-self.total // PAGE_SIZE), 1)


def read_live(
    agent: User, query: LiveQuery, websites: Mapping[int, str]
) -> LivePageOfRows:
    """One page of those who are there; a page beyond the last is the last."""
    if agent.account_id is None:
        raise ValueError("the platform operator has no visitors")
    ids = live.online(agent.account_id)
    if query.website or query.q:
        pages = live.pages_of(agent.account_id, ids)
    else:
        pages = {}
    if query.website:
        ids = [pk for pk in ids if pk in pages and pages[pk].website == query.website]
    if query.show or query.q or not agent.sees_all_groups:
        found = _chosen(agent, query, ids, pages)
        ids = [pk for pk in ids if pk in found]
    number = min(query.page, max(-(-len(ids) // PAGE_SIZE), 1))
    shown = ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return LivePageOfRows(_rows(agent, shown, websites), len(ids), number)


def website_names(agent: User) -> dict[int, str]:
    websites = Channel.objects.visible_to(agent).filter(kind=Channel.Kind.WEBSITE)
    return dict(websites.values_list("pk", "name"))


def _chosen(
    agent: User, query: LiveQuery, ids: list[int], pages: Mapping[int, LivePage]
) -> set[int]:
    """Which of the visits the query asks for, as far as the agent may see them."""
    visits = Visit.objects.filter(_IsAmong(F("pk"), Value(ids)))
    visits = visits.filter(in_sight(agent, OuterRef("visitor")))
    if query.show in {"new", "returning"}:
        others = Visit.objects.filter(
            ~Q(pk=OuterRef("pk")), visitor=OuterRef("visitor")
        )
        visits = visits.filter(
            Exists(others) if query.show == "returning" else ~Exists(others)
        )
    elif query.show == "talking":
        visible = Conversation.objects.visible_to(agent)
        visits = visits.filter(Exists(visible.filter(visitor=OuterRef("visitor"))))
    if not query.q:
        return set(visits.values_list("pk", flat=True))
    words = query.q.casefold().split()
    people = visits.values_list(
        "pk", "visitor__name", "visitor__email", "visitor__public_id"
    )
    return {
        pk
        for pk, name, email, public_id in people
        if _matches(
            words, name or visitor_number(public_id), email, *_words_of(pages.get(pk))
        )
    }


class _IsAmong(Func):
    """`= ANY (array)`: to write thousands of keys into an `IN` would take longer than
    the database takes to find them."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def _words_of(page: LivePage | None) -> tuple[str, ...]:
    return (page.title, page.url) if page else ()


def _matches(words: Sequence[str], *texts: str) -> bool:
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


def _rows(
    agent: User, ids: Sequence[int], websites: Mapping[int, str]
) -> list[LiveVisitor]:
    if not ids or agent.account_id is None:
        return []
    counted = (
        Visit.objects.filter(visitor=OuterRef("visitor"))
        .order_by()
        .values("visitor")
        .annotate(number=Count("pk"))
        .values("number")
    )
    visits: Any = (
        Visit.objects.filter(
            in_sight(agent, OuterRef("visitor")),
            pk__in=ids,
            visitor__account_id=agent.account_id,
            # What is part of another profile has its visits there.
            visitor__merged_into__isnull=True,
        )
        .select_related("visitor")
        .annotate(visits=Subquery(counted))
        .order_by("-pk")
    )
    found = list(visits)
    pages = live.pages_of(agent.account_id, ids)
    talks = _conversations(agent, [visit.visitor_id for visit in found])
    return [
        LiveVisitor(
            visit=visit,
            visits=visit.visits,
            page=(page := pages.get(visit.pk)),
            # Named only where there is more than one.
            website=websites.get(page.website, "")
            if page and len(websites) > 1
            else "",
            conversation=talks.get(visit.visitor_id),
        )
        for visit in found
    ]


def _conversations(agent: User, visitor_ids: Sequence[int]) -> dict[int, Conversation]:
    """Of each visitor the running conversation, or else the last one."""
    conversations = (
        Conversation.objects.visible_to(agent)
        .filter(visitor__in=visitor_ids)
        .with_row()
        # "open" is before "resolved".
        .order_by("visitor", "status", "-last_activity_at")
        .distinct("visitor")
    )
    return {conversation.visitor_id: conversation for conversation in conversations}


def _key(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text) or None
    return None
