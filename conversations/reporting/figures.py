"""Reads the figures of a report: one slice of rows, added up by the database.

In a fixed number of statements, which give back a few rows for each mark, agent and
tag: medians and the like are found where the buckets are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateField, F, Sum, Value
from django.db.models.functions import Cast, TruncMonth

from conversations.models import Channel, Figure
from conversations.querysets import FigureQuerySet
from conversations.reporting.asked import ReportQuery
from conversations.reporting.sketch import TOTALS, seconds_of
from supportdesk.accounts.models import User

What = Figure.What
_TIMES = (What.FIRST_ANSWER, What.RESOLVED)
_OVER_TIME = (*_TIMES, What.MISSED, What.OFFLINE, What.RATED)
_OF_ONE = (*_TIMES, What.ANSWER, What.RATED)
_NOW, _BEFORE = 1, 0


class Total(NamedTuple):
    key: Any
    what: int
    # The bucket, unless these are durations.
    spot: int
    number: int
    # Buckets of durations.
    half: int
    most: int


@dataclass
class Sums:
    """What happened in some span: counts, durations, ratings, channels."""

    counts: Counter[int] = field(default_factory=Counter)
    times: dict[tuple[int, float], float] = field(default_factory=dict)
    ratings: Counter[int] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)

    def add(self, total: Total) -> None:
        what = total.what
        self.counts[what] += total.number
        if what in _TIMES:
            self.times[what, 0.5] = seconds_of(total.half)
            self.times[what, 0.9] = seconds_of(total.most)
        elif what == What.RATED:
            self.ratings[total.spot] += total.number

    def time(self, what: int, share: float) -> float | None:
        """Seconds that a half (0.5) or nine of ten (0.9) did not exceed."""
        return self.times.get((what, share))

    @property
    def lost(self) -> int:
        return self.counts[What.MISSED] + self.counts[What.OFFLINE]

    @property
    def rated(self) -> int:
        return sum(max(0, count) for count in self.ratings.values())

    @property
    def good(self) -> float | None:
        """Percent of the ratings."""
        return 100 * max(0, self.ratings[5]) / self.rated if self.rated else None


@dataclass
class Figures:
    now: Sums
    before: Sums
    marks: dict[date, Sums]
    # Counts only.
    coarse: dict[date, Sums]
    # Visitor messages by hour of the week.
    hours: Counter[int]
    agents: dict[int, Sums]
    tags: dict[int, Sums]

    @property
    def is_empty(self) -> bool:
        # Of one agent neither the hours are read nor plain answers among the rest.
        sums = [self.now, *self.agents.values()]
        return not (
            any(self.hours.values()) or any(any(each.counts.values()) for each in sums)
        )


def figures_of(
    agent: User, query: ReportQuery, agents: Iterable[int], tags: Iterable[int]
) -> Figures:
    """All that a report shows; `agents` and `tags` are those it has rows for."""
    of_groups = Figure.objects.visible_to(agent).filter(
        group_key=query.group or Figure.ALL_GROUPS
    )
    rows = of_groups.filter(channel_kind=query.channel or Figure.ALL_CHANNELS)
    of_all = rows.filter(tag_key=0, agent_key=query.agent or 0)
    period = query.period
    figures = Figures(
        now=Sums(),
        before=Sums(),
        marks={mark: Sums() for mark in period.marks()},
        coarse={period.coarse_mark_of(mark): Sums() for mark in period.marks()},
        hours=Counter(),
        agents=_by("agent_key", agents, rows.filter(tag_key=0), query),
        tags={},
    )
    for total in _of_marks(of_all, query):
        figures.marks[total.key].add(total)
        figures.coarse[period.coarse_mark_of(total.key)].counts[total.what] += (
            total.number
        )
    for total in _of_periods(of_all, query):
        if total.what == What.WRITTEN:
            figures.hours[total.spot] += total.number
        else:
            (figures.now if total.key == _NOW else figures.before).add(total)
    if not query.agent:
        # What is nobody's in particular: conversations, and tags.
        by_channel = of_groups.filter(tag_key=0, agent_key=0)
        for mark, kind, count in _begun(by_channel, query):
            for sums in (figures.now, figures.marks[mark]):
                sums.channels[kind] += count
            figures.marks[mark].counts[What.BEGUN] += count
        figures.tags = _by("tag_key", tags, rows.filter(agent_key=0), query)
    return figures


def _of_marks(rows: FigureQuerySet, query: ReportQuery) -> Iterator[Total]:
    rows = rows.filter(what__in=_OVER_TIME)
    stretches = query.period.stretches_of_marks(query.today)
    return _totals((rows.filter(each), _mark(query)) for each in stretches)


def _of_periods(rows: FigureQuerySet, query: ReportQuery) -> Iterator[Total]:
    """Sums of the period and the one before it, and the period's visitor messages."""
    whats = [*_OVER_TIME, What.BEGUN]
    asked = (
        (_NOW, query.period, [*whats, What.WRITTEN]),
        (_BEFORE, query.period.before, whats),
    )
    return _totals(
        (rows.filter(each, what__in=shown), Value(key))
        for key, period, shown in asked
        for each in period.stretches(query.today)
    )


def _begun(rows: FigureQuerySet, query: ReportQuery) -> Iterable[tuple[date, str, int]]:
    kinds = [query.channel] if query.channel else Channel.Kind.values
    return (
        rows.filter(
            reduce(or_, query.period.stretches_of_marks(query.today)),
            channel_kind__in=kinds,
            what=What.BEGUN,
        )
        .values_list(_mark(query), "channel_kind")
        .annotate(Sum("count"))
        .order_by()
    )


def _by(
    key: str, keys: Iterable[int], rows: FigureQuerySet, query: ReportQuery
) -> dict[int, Sums]:
    """For each of these keys: named one by one, so that the index is entered at them."""
    found: dict[int, Sums] = defaultdict(Sums)
    rows = rows.filter(what__in=_OF_ONE, **{f"{key}__in": list(keys)})
    stretches = query.period.stretches(query.today)
    for total in _totals((rows.filter(each), F(key)) for each in stretches):
        found[total.key].add(total)
    return dict(found)


def _mark(query: ReportQuery) -> F | Cast:
    # What the database makes of a month is an instant, not a day.
    by_month = Cast(TruncMonth("day"), DateField())
    return by_month if query.period.by_month else F("day")


def _totals(parts: Iterable[tuple[FigureQuerySet, Any]]) -> Iterator[Total]:
    """Of rows, and by which expression they are added up."""
    try:
        asked = [
            rows.values("what", "bucket", "count", key=key).query.sql_with_params()
            for rows, key in parts
        ]
    except EmptyResultSet:
        return iter(())
    statements, params = zip(*asked, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            TOTALS.format(
                is_time=f"what IN ({', '.join(str(what.value) for what in _TIMES)})",
                rows=" UNION ALL ".join(statements),
            ),
            [each for some in params for each in some],
        )
        return map(Total._make, cursor.fetchall())
