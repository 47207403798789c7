"""A report as its page shows it: tiles, charts and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.models import Tag
from conversations.reporting import charts, words
from conversations.reporting.asked import ReportQuery
from conversations.reporting.figures import Figures, What, figures_of
from conversations.reporting.tables import (
    Table,
    channels,
    conversations_title,
    tables_of,
)
from supportdesk.accounts.models import AgentGroup, User

_CLASSES = {"website": "c-live", "email": "c-mail", "messenger": "c-mess"}


@dataclass(frozen=True)
class Tile:
    title: str
    value: str
    unit: str = ""
    change: str = ""
    # None if it stayed as it was.
    rises: bool | None = None
    # What the change means: "good", "bad", or nothing.
    means: str = ""


@dataclass
class Report:
    query: ReportQuery
    figures: Figures
    # What the marks of the charts are called in full.
    titles: dict[date, str]
    tables: dict[str, Table]
    agents: list[User]
    groups: list[AgentGroup]

    @property
    def period_text(self) -> str:
        return words.period_text(self.query.period)

    @cached_property
    def tiles(self) -> list[Tile]:
        now, before = self.figures.now, self.figures.before
        first, title = What.BEGUN, _("Conversations")
        if self.query.agent:
            first, title = What.FIRST_ANSWER, _("First responses")
        median = now.time(What.FIRST_ANSWER, 0.5)
        tiles = [
            _count_tile(title, now.counts[first], before.counts[first], means=""),
            _time_tile(
                _("Median first response"),
                median,
                before.time(What.FIRST_ANSWER, 0.5),
            ),
            _share_tile(_("Rated good"), now.good, before.good),
        ]
        if self.query.agent:
            resolved = What.RESOLVED
            return [
                *tiles,
                _count_tile(
                    _("Resolved"), now.counts[resolved], before.counts[resolved], ""
                ),
            ]
        return [
            *tiles,
            _count_tile(_("Missed or offline"), now.lost, before.lost, "bad"),
        ]

    # Charts

    def _marks(self, titles: Sequence[str]) -> charts.Marks:
        """The marks of a chart; a title says what its table does, and is a sentence."""
        period, days = self.query.period, list(self.figures.marks)
        return charts.Marks(titles, lambda i: words.mark_label(period, days[i]))

    @property
    def conversations_title(self) -> str:
        return conversations_title(self.query)

    def legend(self) -> list[tuple[str, str, str]]:
        """Class, label and sum of what the bars are made of."""
        sums = self.figures.now
        if self.query.agent:
            count = sums.counts[What.FIRST_ANSWER]
            return [("c-live", _("First responses"), words.number(count))]
        return [
            (_CLASSES[kind], label, words.number(sums.channels[kind]))
            for kind, label in channels(self.query)
        ]

    def conversations_chart(self) -> SafeString:
        sums = list(self.figures.marks.values())
        if self.query.agent:
            values = [each.counts[What.FIRST_ANSWER] for each in sums]
            series = [("c-live", _("First responses"), values)]
        else:
            series = [
                (_CLASSES[kind], label, [each.channels[kind] for each in sums])
                for kind, label in channels(self.query)
            ]
        names = list(self.titles.values())
        # Newest first, and with columns that the chart has no bars of.
        texts = reversed(self.tables["conversations"].texts)
        titles = [
            f"{name}: "
            + ", ".join(
                f"{text} {label}"
                for text, (_class, label, _values) in zip(cells, series, strict=False)
            )
            for name, cells in zip(names, texts, strict=True)
        ]
        bars = [(name, values) for name, _label, values in series]
        totals = [sum(values) for values in zip(*(v for _n, v in bars), strict=True)]
        highest = totals.index(max(totals))
        says = _("%(title)s. Highest: %(number)s on %(day)s.") % {
            "title": self.conversations_title,
            "number": words.number(totals[highest]),
            "day": names[highest],
        }
        return charts.bars(self._marks(titles), bars, says)

    def first_response_chart(self) -> SafeString:
        return self._times_chart(What.FIRST_ANSWER, self.tables["first_response"])

    def resolution_chart(self) -> SafeString:
        return self._times_chart(What.RESOLVED, self.tables["resolution"])

    @property
    def first_response_unit(self) -> str:
        return _axis(self._longest(What.FIRST_ANSWER))[1]

    @property
    def resolution_unit(self) -> str:
        return _axis(self._longest(What.RESOLVED))[1]

    def _longest(self, what: int) -> float:
        times = (sums.time(what, 0.9) for sums in self.figures.marks.values())
        return max((time for time in times if time is not None), default=0)

    def _times_chart(self, what: int, table: Table) -> SafeString:
        sums = list(self.figures.marks.values())
        middle = [each.time(what, 0.5) for each in sums]
        most = [each.time(what, 0.9) for each in sums]
        title = _("%(day)s: median %(median)s, 90%% within %(most)s")
        titles = [
            title % {"day": name, "median": median, "most": nine_of_ten}
            for name, (_number, median, nine_of_ten) in zip(
                self.titles.values(), reversed(table.texts), strict=True
            )
        ]
        now = self.figures.now
        says = _("%(title)s: median %(median)s, 90%% within %(most)s") % {
            "title": table.title,
            "median": words.duration_text(now.time(what, 0.5)),
            "most": words.duration_text(now.time(what, 0.9)),
        }
        unit, _name = _axis(self._longest(what))
        return charts.lines(self._marks(titles), middle, most, unit, says)

    def ratings_chart(self) -> SafeString:
        ratings = self.figures.now.ratings
        parts = [
            (f"d-{name}", f"{label}: {max(0, ratings[value])}", max(0, ratings[value]))
            for name, label, value in (
                ("good", _("Good"), 5),
                ("neutral", _("Okay"), 3),
                ("bad", _("Bad"), 1),
            )
        ]
        says = ", ".join(text for _name, text, _value in parts)
        return charts.donut(
            parts,
            words.percent(self.figures.now.good),
            _("Ratings: %(numbers)s") % {"numbers": says},
        )

    @property
    def rated(self) -> str:
        return words.number(self.figures.now.rated)

    def answered_bars(self) -> list[tuple[str, SafeString, str, str]]:
        rows = [
            (
                words.coarse_text(self.query.period, mark),
                sums.counts[What.FIRST_ANSWER],
                sums.lost,
            )
            for mark, sums in self.figures.coarse.items()
        ]
        most = max(answered + lost for _label, answered, lost in rows)
        return [
            (
                label,
                charts.pair(
                    answered,
                    lost,
                    most,
                    _("%(label)s: %(answered)s answered, %(lost)s missed")
                    % {
                        "label": label,
                        "answered": words.number(answered),
                        "lost": words.number(lost),
                    },
                ),
                words.number(answered),
                words.number(lost),
            )
            for label, answered, lost in rows
        ]

    def hours_chart(self) -> SafeString:
        hours = self.figures.hours
        days = [words.weekday(day) for day in range(7)]
        text = _("%(day)s, %(from)s:00 to %(until)s:00: %(number)s messages")

        def title(day: int, hour: int) -> str:
            return text % {
                "day": days[day],
                "from": hour,
                "until": hour + 1,
                "number": words.number(hours[day * 24 + hour]),
            }

        busiest = max(range(168), key=lambda place: hours[place])
        says = _("Busiest hours. Most: %(most)s.") % {
            "most": title(busiest // 24, busiest % 24)
        }
        return charts.heat(days, lambda day, hour: hours[day * 24 + hour], title, says)


def report_of(agent: User, asked: Any, today: date) -> Report:
    """Everything the page of an agent with full access shows, or its files."""
    account = agent.account_id
    agents = list(User.objects.filter(account=account).order_by("name", "pk"))
    groups = list(AgentGroup.objects.filter(account=account).order_by("name", "pk"))
    tags: Sequence[Tag] = list(Tag.objects.visible_to(agent))
    query = ReportQuery.of(
        asked, today, {group.pk for group in groups}, {each.pk for each in agents}
    )
    shown = [each for each in agents if query.agent in (None, each.pk)]
    figures = figures_of(
        agent, query, [each.pk for each in shown], [tag.pk for tag in tags]
    )
    titles = {mark: words.mark_text(query.period, mark) for mark in figures.marks}
    tables = tables_of(query, figures, titles, shown, tags)
    return Report(query, figures, titles, tables, agents, groups)


def _axis(longest: float) -> tuple[float, str]:
    """Seconds of the axis' unit, and what it is called."""
    if longest < 120:
        return 1, _("Seconds")
    if longest < 2 * 3600:
        return 60, _("Minutes")
    if longest < 2 * 86_400:
        return 3600, _("Hours")
    return 86_400, _("Days")


def _count_tile(title: str, now: int, before: int, means: str) -> Tile:
    """`means` is what it would mean if there are more."""
    if not before:
        return Tile(title, words.number(now))
    change = round(100 * (now - before) / before)
    if not change:
        return Tile(title, words.number(now), change=_("Unchanged"))
    return Tile(
        title,
        words.number(now),
        change=f"{change:+d}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}"),
        rises=change > 0,
        means=_meaning(change, means),
    )


def _time_tile(title: str, now: float | None, before: float | None) -> Tile:
    value, unit = words.duration(now)
    if now is None or before is None:
        return Tile(title, value, unit)
    change = now - before
    if not round(change):
        return Tile(title, value, unit, change=_("Unchanged"))
    time = words.duration_text(abs(change))
    return Tile(
        title,
        value,
        unit,
        change=(_("%(time)s slower") if change > 0 else _("%(time)s faster"))
        % {"time": time},
        rises=change > 0,
        means=_meaning(round(change), "bad"),
    )


def _share_tile(title: str, now: float | None, before: float | None) -> Tile:
    if now is None or before is None:
        return Tile(title, words.percent(now))
    change = round(now) - round(before)
    if not change:
        return Tile(title, words.percent(now), change=_("Unchanged"))
    return Tile(
        title,
        words.percent(now),
        change=_("%(points)s points")
        % {"points": f"{change:+d}".replace("-", "\N{MINUS SIGN}")},
        rises=change > 0,
        means=_meaning(change, "good"),
    )


def _meaning(change: int, more: str) -> str:
    if not change or not more:
        return ""
    if change > 0:
        return more
    return "good" if more == "bad" else "bad"
