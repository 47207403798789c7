"""The list of conversations: which part of the inbox, in which order, page by page."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import BooleanField, Case, F, Q, Value, When
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from conversations.querysets import ConversationQuerySet
from supportdesk.accounts.models import User
from supportdesk.core.text import clean_line

PAGE_SIZE = 30
MAX_QUERY_LENGTH = 100
MAX_KEY = 2**63 - 1

SHOWS = ("mine", "unassigned", "others", "all")
SORTS = {
    "activity": _("Latest message"),
    "waiting": _("Longest waiting"),
    "unread": _("Unread first"),
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Microseconds since 1970, up to the year 2286.
_CURSOR = re.compile(r"([0-9]{1,16}|-)_([0-9]{1,16})_([0-9]{1,18})", re.ASCII)


class KeyFilter(django_filters.Filter):
    """A row's key, taken as a number: what it may show is `visible_to`'s matter."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=MAX_KEY, **kwargs)


class ConversationFilter(django_filters.FilterSet):
    """The list's filters; a value that is none counts as not given."""

    status = django_filters.ChoiceFilter(choices=Conversation.Status.choices)
    show = django_filters.ChoiceFilter(
        choices=[(show, show) for show in SHOWS], method="filter_show"
    )
    group = KeyFilter(field_name="group_id")
    agent = KeyFilter(method="filter_agent")
    q = django_filters.CharFilter(method="filter_q", max_length=10_000)

    class Meta:
        model = Conversation
        fields: list[str] = []

    def __init__(self, *args: Any, viewer: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def filter_show(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        if value == "unassigned":
            return rows.unassigned()
        if value == "mine" and self.viewer is not None:
            return rows.mine(self.viewer)
        if value == "others" and self.viewer is not None:
            return rows.others(self.viewer)
        return rows

    def filter_agent(
        self, rows: ConversationQuerySet, name: str, value: int
    ) -> ConversationQuerySet:
        return rows.filter(assignment__agent=value)

    def filter_q(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        for word in value.split():
            rows = rows.filter(
                Q(visitor__name__icontains=word) | Q(visitor__email__icontains=word)
            )
        return rows


@dataclass(frozen=True)
class InboxQuery:
    """What the address asks of the list, validated; the same for every link in it."""

    status: str = "open"
    show: str = "all"
    group: int | None = None
    agent: int | None = None
    sort: str = "activity"
    q: str = ""

    @classmethod
    def parse(cls, data: QueryDict) -> "InboxQuery":
        values = data.dict()
        if "q" in values:
            values["q"] = clean_line(str(values["q"]), MAX_QUERY_LENGTH)
        form = ConversationFilter(values).form
        form.is_valid()
        given = {name: value for name, value in form.cleaned_data.items() if value}
        query = cls(**given)
        if query.status == Conversation.Status.RESOLVED:
            return replace(query, show="all")
        # The search is a part of Resolved.
        query = replace(query, q="")
        sort = values.get("sort")
        return replace(query, sort=sort) if sort in SORTS else query

    @property
    def given(self) -> dict[str, Any]:
        """What differs from the default: an address stays short."""
        default = InboxQuery()
        return {
            name: value
            for name, value in vars(self).items()
            if value != getattr(default, name)
        }

    @property
    def encoded(self) -> str:
        return urlencode(self.given)

    @property
    def suffix(self) -> str:
        return f"?{self.encoded}" if self.given else ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.group or self.agent or self.q)


@dataclass
class Page:
    """One page of rows; `after` is the cursor of the next one."""

    rows: list[Conversation]
    after: str = ""


def list_page(agent: User, query: InboxQuery, after: str = "") -> Page:
    """The next rows, one more read than shown: that tells whether there are others."""
    rows = Conversation.objects.visible_to(agent)
    rows = ConversationFilter(vars(query), queryset=rows, viewer=agent).qs
    rows = _ordered(rows.with_unread(agent), query.sort)
    cursor = _CURSOR.fullmatch(after)
    if cursor:
        rows = _beyond(rows, query.sort, *cursor.groups())
    found = list(rows.with_row()[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return Page(found)
    found.pop()
    return Page(found, after=_cursor_of(found[-1], query.sort))


def _ordered(rows: ConversationQuerySet, sort: str) -> ConversationQuerySet:
    """Activity walks the index `conv_inbox`.

    The other two sort what is open, which is small beside Resolved, and by a key
    per agent or one that is mostly empty: an index of their own would not pay.
    """
    by_activity = ("-last_activity_at", "-id")
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


def _beyond(
    rows: ConversationQuerySet, sort: str, first: str, activity: str, pk: str
) -> ConversationQuerySet:
    """Rows after the cursor, in the order of `sort`."""
    at = _from_micros(activity)
    # Written twice: the plain bound lets PostgreSQL begin within the index.
    later = Q(last_activity_at__lte=at) & (
        Q(last_activity_at__lt=at) | Q(id__lt=int(pk))
    )
    if sort == "waiting":
        unanswered = Q(waiting_since__isnull=True)
        if first == "-":
            return rows.filter(unanswered & later)
        since = _from_micros(first)
        return rows.filter(
            Q(waiting_since__gt=since) | (Q(waiting_since=since) & later) | unanswered
        )
    if sort == "unread":
        if first == "1":
            return rows.filter((Q(is_unread=True) & later) | Q(is_unread=False))
        return rows.filter(Q(is_unread=False) & later)
    return rows.filter(later)


def _cursor_of(row: Conversation, sort: str) -> str:
    first = "-"
    if sort == "waiting" and row.waiting_since is not None:
        first = str(_micros(row.waiting_since))
    elif sort == "unread":
        first = "1" if row.is_unread else "0"  # type: ignore[attr-defined]
    return f"{first}_{_micros(row.last_activity_at)}_{row.pk}"


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _from_micros(text: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(text))
