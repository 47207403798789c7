"""The tables of a report: the same rows beneath a chart and in a CSV file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.models import Channel
from conversations.reporting import words
from conversations.reporting.asked import ReportQuery
from conversations.reporting.figures import Figures, Sums, What
from supportdesk.core.spreadsheet import Cell

COUNT, SECONDS, PERCENT = "count", "seconds", "percent"
Value = int | float | None


@dataclass(frozen=True)
class Column:
    label: str
    unit: str = COUNT
    # Left out where there is no room.
    is_minor: bool = False

    @property
    def full_label(self) -> str:
        """With its unit: a file has bare numbers."""
        if self.unit == SECONDS:
            unit = _("seconds")
            return f"{self.label} ({unit})"
        return f"{self.label} (%)" if self.unit == PERCENT else self.label

    def shown(self, value: Value) -> str:
        if self.unit == SECONDS:
            return words.duration_text(value)
        if self.unit == PERCENT:
            return words.percent(value)
        return words.number(value or 0)


@dataclass(frozen=True)
class Row:
    label: str
    values: Sequence[Value]
    # Of a file, where a label would have to be read.
    key: str = ""
    # Whom or what the label names: an agent, a tag.
    about: Any = None


@dataclass
class Table:
    key: str
    title: str
    first: str
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)

    @cached_property
    def texts(self) -> list[list[str]]:
        """What stands in the cells; a chart says of its marks what its table says."""
        return [
            [
                column.shown(value)
                for column, value in zip(self.columns, row.values, strict=True)
            ]
            for row in self.rows
        ]

    def body(self) -> SafeString:
        """All rows, where a label is nothing but text.

        Not by the template: with a row for each day it took longer than all the rest.
        """
        return format_html_join(
            "",
            f'<tr><th scope="row">{{}}</th>{self._cells}</tr>\n',
            (
                (row.label, *texts)
                for row, texts in zip(self.rows, self.texts, strict=True)
            ),
        )

    def rows_about(self) -> list[tuple[Row, SafeString]]:
        """Rows whose label names somebody or something, and the cells beside it."""
        return [
            (row, format_html(self._cells, *texts))
            for row, texts in zip(self.rows, self.texts, strict=True)
        ]

    @property
    def _cells(self) -> str:
        return "".join(
            f'<td class="num{" not-phone" if column.is_minor else ""}">{{}}</td>'
            for column in self.columns
        )

    def cells(self) -> list[list[Cell]]:
        head: list[Cell] = [self.first, *(each.full_label for each in self.columns)]
        return [head] + [[row.key or row.label, *row.values] for row in self.rows]


def tables_of(
    query: ReportQuery,
    figures: Figures,
    titles: Mapping[date, str],
    agents: Sequence[Any],
    tags: Sequence[Any],
) -> dict[str, Table]:
    """All tables by their keys; an agent's report lacks what has no agent.

    `titles` are what the marks of the charts are called in full.
    """
    marks = _marks(query, figures, titles)
    found = [
        _conversations(query, marks),
        _ratings(figures),
        _times(
            "first_response", _("First response time"), What.FIRST_ANSWER, query, marks
        ),
        _times("resolution", _("Resolution time"), What.RESOLVED, query, marks),
        _answered(query, figures),
        _people("agents", _("By agent"), _("Agent"), agents, figures.agents),
    ]
    if not query.agent:
        found.append(_hours(figures))
        found.append(_people("tags", _("By tag"), _("Tag"), tags, figures.tags))
    return {table.key: table for table in found}


def _marks(
    query: ReportQuery, figures: Figures, titles: Mapping[date, str]
) -> list[tuple[Sums, str, str]]:
    """The marks of the charts, newest first, with the label and key of their rows."""
    length = len("2026-05") if query.period.by_month else len("2026-05-20")
    return [
        (sums, titles[mark], mark.isoformat()[:length])
        for mark, sums in reversed(figures.marks.items())
    ]


def _first(query: ReportQuery) -> str:
    return _("Month") if query.period.by_month else _("Day")


def _conversations(query: ReportQuery, marks: list[tuple[Sums, str, str]]) -> Table:
    kinds = [kind for kind, _label in channels(query)]
    if query.agent:
        columns = [Column(_("First responses")), Column(_("Resolved"))]
    else:
        columns = [Column(label) for _kind, label in channels(query)]
        columns.append(Column(_("Total")))
    table = Table("conversations", conversations_title(query), _first(query), columns)
    for sums, label, key in marks:
        if query.agent:
            values = [sums.counts[What.FIRST_ANSWER], sums.counts[What.RESOLVED]]
        else:
            values = [*(sums.channels[kind] for kind in kinds), sums.counts[What.BEGUN]]
        table.rows.append(Row(label, values, key))
    return table


def channels(query: ReportQuery) -> list[tuple[str, str]]:
    kinds = [
        (Channel.Kind.WEBSITE, _("Live chat")),
        (Channel.Kind.EMAIL, _("E-mail")),
        (Channel.Kind.MESSENGER, _("Messenger")),
    ]
    return [(kind.value, label) for kind, label in kinds if query.channel in ("", kind)]


def conversations_title(query: ReportQuery) -> str:
    if query.agent:
        return (
            _("First responses per month")
            if query.period.by_month
            else _("First responses per day")
        )
    return (
        _("Conversations per month")
        if query.period.by_month
        else _("Conversations per day")
    )


def _ratings(figures: Figures) -> Table:
    table = Table("ratings", _("Ratings"), _("Rating"), [Column(_("Number"))])
    for value, label in ((5, _("Good")), (3, _("Okay")), (1, _("Bad"))):
        table.rows.append(Row(label, [max(0, figures.now.ratings[value])]))
    return table


def _times(
    key: str,
    title: str,
    what: int,
    query: ReportQuery,
    marks: list[tuple[Sums, str, str]],
) -> Table:
    columns = [
        Column(_("Number")),
        Column(_("Median"), SECONDS),
        Column(_("90% within"), SECONDS),
    ]
    table = Table(key, title, _first(query), columns)
    for sums, label, row_key in marks:
        values = [sums.counts[what], sums.time(what, 0.5), sums.time(what, 0.9)]
        table.rows.append(Row(label, values, row_key))
    return table


def _answered(query: ReportQuery, figures: Figures) -> Table:
    columns = [Column(_("Answered"))]
    if not query.agent:
        columns += [Column(_("Missed")), Column(_("Offline"))]
    table = Table("answered", _("Answered and missed"), _("Period"), columns)
    for mark, sums in figures.coarse.items():
        values = [sums.counts[What.FIRST_ANSWER]]
        if not query.agent:
            values += [sums.counts[What.MISSED], sums.counts[What.OFFLINE]]
        table.rows.append(
            Row(words.coarse_text(query.period, mark), values, mark.isoformat())
        )
    return table


def _hours(figures: Figures) -> Table:
    columns = [Column(words.weekday(day)) for day in range(7)]
    table = Table("hours", _("Busiest hours"), _("Hour"), columns)
    for hour in range(24):
        values = [figures.hours[day * 24 + hour] for day in range(7)]
        table.rows.append(Row(f"{hour}:00", values))
    return table


def _people(
    key: str, title: str, first: str, about: Sequence[Any], sums: dict[int, Sums]
) -> Table:
    """A row for everyone, or every tag, that anything was counted for."""
    columns = [
        Column(_("Resolved"), is_minor=key == "agents"),
        Column(_("Resolution time"), SECONDS, is_minor=True),
        Column(_("Rated good"), PERCENT),
    ]
    if key == "agents":
        columns = [
            Column(_("First responses")),
            Column(_("Median response"), SECONDS, is_minor=True),
            Column(_("Messages"), is_minor=True),
            *columns,
        ]
    rows = []
    for each in about:
        found = sums.get(each.pk)
        if found is None:
            continue
        values: list[Value] = [
            found.counts[What.RESOLVED],
            found.time(What.RESOLVED, 0.5),
            found.good,
        ]
        if key == "agents":
            values = [
                found.counts[What.FIRST_ANSWER],
                found.time(What.FIRST_ANSWER, 0.5),
                found.counts[What.ANSWER],
                *values,
            ]
        rows.append(Row(str(each), values, about=each))
    rows.sort(key=lambda row: -(row.values[0] or 0))
    return Table(key, title, first, columns, rows)
