"""The list of conversations: which part of the inbox, in which order, page by page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, DurationField, F, Q, Value, When
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conversations.filtering import SHOWS, ConversationFilter, read_filters
from conversations.models import Conversation
from conversations.page_urls import visited
from conversations.querysets import ConversationQuerySet
from supportdesk.accounts.models import User

__all__ = ["PAGE_SIZE", "SHOWS", "SORTS", "InboxQuery", "Page", "list_page"]

PAGE_SIZE = 30
# Of so many rows a page asks what no index answers.
MAX_LOOKED_AT = 500
# Exact numbers end here: each costs the page as much as it has to read.
MAX_COUNT = 200
# The part of the inbox and its order.
NO_FILTERS = frozenset({"status", "show", "sort", "tags"})
# A row that is pushed says these of itself, or the frame that brings it.
JUDGED_BY_PAGE = frozenset({"missed", "snoozed", "following", "group", "agent"})

SORTS = {
    "activity": _("Latest message"),
    "waiting": _("Longest waiting"),
    "unread": _("Unread first"),
    "priority": _("Priority"),
}

_NOTHING = Value(timedelta(), output_field=DurationField())
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Microseconds since 1970, up to the year 2286.
_CURSOR = re.compile(r"([0-9]{1,16}|-)_([0-9]{1,16})_([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True)
class InboxQuery:
    """What the address asks of the list, validated; the same for every link in it."""

    status: str = "open"
    show: str = "all"
    missed: str = ""
    snoozed: str = ""
    following: str = ""
    group: tuple[int, ...] = ()
    agent: tuple[int, ...] = ()
    rating: tuple[int, ...] = ()
    tag: tuple[int, ...] = ()
    tags: str = "any"
    channel: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    url: str = ""
    ip: str = ""
    files: str = ""
    sort: str = "activity"
    q: str = ""
    # What the address says and nobody understands: told to the agent, in no link.
    ignored: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, data: QueryDict) -> "InboxQuery":
        given, ignored = read_filters(data)
        query = cls(**given, ignored=ignored)
        if not query.tag:
            query = replace(query, tags="any")
        if query.status == Conversation.Status.RESOLVED:
            return replace(query, show="all", snoozed="")
        sort = data.get("sort")
        return replace(query, sort=sort) if sort in SORTS else query

    @property
    def values(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    # Asked for with every row of the list and every form beside it.
    @cached_property
    def given(self) -> dict[str, Any]:
        """What differs from the default: an address stays short."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.compare and getattr(self, each.name) != each.default
        }

    @property
    def filters(self) -> dict[str, Any]:
        """What of it narrows the list, beside the part of the inbox."""
        return {
            name: value for name, value in self.given.items() if name not in NO_FILTERS
        }

    @cached_property
    def encoded(self) -> str:
        return urlencode(self.given, doseq=True)

    @property
    def suffix(self) -> str:
        return f"?{self.encoded}" if self.given else ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters)

    @property
    def shows_awake(self) -> bool:
        """Whether what is snoozed stays out."""
        return self.status == Conversation.Status.OPEN and not self.snoozed

    @property
    def is_search(self) -> bool:
        """Whether only the server can tell what the list holds."""
        return not JUDGED_BY_PAGE.issuperset(self.filters)

    def without(self, *names: str) -> "InboxQuery":
        default = InboxQuery()
        return replace(self, **{name: getattr(default, name) for name in names})

    @property
    def bare(self) -> "InboxQuery":
        """The same part of the inbox without any filter."""
        return self.without(*self.filters)


@dataclass
class Page:
    """One page of rows; `after` is the cursor of the next one.

    `searched_until` is set where the next one was not looked for: with a filter that
    no index helps, a page looks at so many rows and not further. `is_cut` where it did
    not look at all visits of a visitor either; `is_too_long` where it gave up.
    """

    rows: list[Conversation]
    after: str = ""
    searched_until: datetime | None = None
    is_cut: bool = False
    is_too_long: bool = False
    # All that the pages are of; its words were looked up once.
    matching: ConversationQuerySet | None = None


def list_page(agent: User, query: InboxQuery, after: str = "") -> Page:
    """The next rows, one more read than shown: that tells whether there are others."""
    found_cursor = _CURSOR.fullmatch(after)
    cursor = found_cursor.groups() if found_cursor else None
    rows = matching(agent, query)
    walks = _walks(rows, agent, query.sort, cursor)
    if query.url:
        return _bounded_page(agent, walks, query)
    # Which rows first, then all that they show: what is sorted stays narrow, and
    # visitors and assignees are looked up for one page only.
    keys, *more = (walk.values("pk")[: PAGE_SIZE + 1] for walk in walks)
    shown = _shown(agent, keys.union(*more, all=True) if more else keys, query.sort)
    # Each walk may bring a page.
    found = shown[: PAGE_SIZE + 1]
    if len(found) <= PAGE_SIZE:
        return Page(found, matching=rows)
    found.pop()
    return Page(found, after=_cursor_of(found[-1], query.sort), matching=rows)


def _walks(
    rows: ConversationQuerySet,
    agent: User,
    sort: str,
    cursor: Sequence[str] | None,
) -> list[ConversationQuerySet]:
    """The rows after the cursor in their order, one walk along an index after another.

    What comes first, then all others: sorted in one go, all that is open would be read.
    """
    if sort == "activity":
        others = _ordered(rows, sort)
        return [others.filter(_later(*cursor[1:])) if cursor else others]
    if sort == "unread":
        rows = rows.with_unread(agent)
        first = rows.filter(unread__gt=0)  # type: ignore[misc]
        others = rows.filter(unread=0)  # type: ignore[misc]
    elif sort == "waiting":
        first = rows.filter(waiting_since__isnull=False)
        others = rows.filter(waiting_since__isnull=True)
    else:
        first, others = rows.filter(priority__gt=0), rows.filter(priority=0)
    if cursor:
        at, *place = cursor
        if at in ("0", "-"):
            return [_ordered(others.filter(_later(*place)), "activity")]
        first = first.filter(_beyond(sort, at, *place))
    by_first = "activity" if sort == "unread" else sort
    return [_ordered(first, by_first), _ordered(others, "activity")]


def count_found(agent: User, query: InboxQuery, *, at_most: int | None = None) -> int:
    """How many there are, counted up to `at_most` (`MAX_COUNT`) and one more."""
    return count_rows(matching(agent, query), at_most=at_most)


def count_rows(rows: ConversationQuerySet, *, at_most: int | None = None) -> int:
    """The same of what was looked up already: `Page.matching`."""
    limit = MAX_COUNT if at_most is None else at_most
    return rows.order_by().values("pk")[: limit + 1].count()


def count_visited(agent: User, query: InboxQuery) -> tuple[int, bool]:
    """How many of the latest `MAX_LOOKED_AT` have the `url`, and whether there is more
    that nobody looked at."""
    walks = _walks(matching(agent, query), agent, "activity", None)
    looked_at = _look_at(walks, query.url, "activity")
    return len(looked_at.hits), looked_at.goes_on or looked_at.is_cut


def matching(agent: User, query: InboxQuery) -> ConversationQuerySet:
    """All that is found, without `url`: that is asked of some rows at a time."""
    rows = Conversation.objects.visible_to(agent)
    found: ConversationQuerySet = ConversationFilter(
        query.values, queryset=rows, viewer=agent
    ).qs
    return found.awake() if query.shows_awake else found


def _shown(agent: User, keys: Any, sort: str) -> list[Conversation]:
    shown = _ordered(Conversation.objects.filter(pk__in=keys).with_unread(agent), sort)
    # All are of one account, which is here already; groups are in no row.
    rows = list(shown.with_row().select_related(None).select_related("visitor"))
    for row in rows:
        row.account = agent.account  # type: ignore[assignment]
    return rows


class _Place(NamedTuple):
    """A row as far as its cursor needs it: the row itself may be gone when it is shown."""

    pk: int
    last_activity_at: datetime
    waiting_since: datetime | None
    priority: int
    unread: int = 0

    @property
    def is_unread(self) -> bool:
        return self.unread > 0


class _LookedAt(NamedTuple):
    """Those of the next rows that have the URL, and the last one that was looked at."""

    hits: list[_Place]
    last: _Place | None
    goes_on: bool
    is_cut: bool


def _bounded_page(
    agent: User, walks: Sequence[ConversationQuerySet], query: InboxQuery
) -> Page:
    """A page of those among the next rows whose visitor was on some address."""
    looked_at = _look_at(walks, query.url, query.sort)
    hits = looked_at.hits[:PAGE_SIZE]
    page = Page(
        _shown(agent, [place.pk for place in hits], query.sort),
        is_cut=looked_at.is_cut,
    )
    if len(looked_at.hits) > PAGE_SIZE:
        page.after = _cursor_of(hits[-1], query.sort)
    elif looked_at.goes_on and looked_at.last:
        page.after = _cursor_of(looked_at.last, query.sort)
        page.searched_until = looked_at.last.last_activity_at
    return page


def _look_at(walks: Sequence[ConversationQuerySet], url: str, sort: str) -> _LookedAt:
    """The next rows, one more than are looked at."""
    values = _Place._fields if sort == "unread" else _Place._fields[:-1]
    places: list[_Place] = []
    for walk in walks:
        room = MAX_LOOKED_AT + 1 - len(places)
        places += [_Place(*row) for row in walk.values_list(*values)[:room]]
    goes_on = len(places) > MAX_LOOKED_AT
    del places[MAX_LOOKED_AT:]
    found = visited([place.pk for place in places], url)
    hits = [place for place in places if place.pk in found.keys]
    return _LookedAt(hits, places[-1] if places else None, goes_on, found.is_cut)


def _ordered(rows: ConversationQuerySet, sort: str) -> ConversationQuerySet:
    """Activity walks the index `conv_inbox`, priority `conv_open_urgent`, and who has
    waited longest `conv_open_waiting`."""
    by_activity: tuple[Any, ...] = ("-last_activity_at", "-id")
    if "are_few" in rows.query.annotations:
        # Named one by one: by no index, or PostgreSQL would walk along all of them.
        by_activity = ((F("last_activity_at") + _NOTHING).desc(), "-id")
    if sort == "priority":
        return rows.order_by("-priority", *by_activity)
    if sort == "waiting":
        return rows.order_by(F("waiting_since").asc(nulls_last=True), *by_activity)
    if sort == "unread":
        is_unread = Case(
            When(unread__gt=0, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
        return rows.annotate(is_unread=is_unread).order_by("-is_unread", *by_activity)
    return rows.order_by(*by_activity)


def _beyond(sort: str, at: str, activity: str, pk: str) -> Q:
    """Of those that come first, what is after the cursor."""
    later = _later(activity, pk)
    if sort == "waiting":
        since = _from_micros(at)
        return Q(waiting_since__gt=since) | (Q(waiting_since=since) & later)
    if sort == "priority":
        priority = int(at) if at in ("1", "2") else 0
        return Q(priority__lte=priority) & (Q(priority__lt=priority) | later)
    return later


def _later(activity: str, pk: str) -> Q:
    at = _from_micros(activity)
    # Written twice: the plain bound lets PostgreSQL begin within the index.
    return Q(last_activity_at__lte=at) & (
        Q(last_activity_at__lt=at) | Q(id__lt=int(pk))
    )


def _cursor_of(row: Conversation | _Place, sort: str) -> str:
    first = "-"
    if sort == "waiting" and row.waiting_since is not None:
        first = str(_micros(row.waiting_since))
    elif sort == "priority":
        first = str(row.priority)
    elif sort == "unread":
        first = "1" if row.is_unread else "0"  # type: ignore[union-attr]
    return f"{first}_{_micros(row.last_activity_at)}_{row.pk}"


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _from_micros(text: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(text))
