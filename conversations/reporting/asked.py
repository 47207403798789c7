"""What a report is asked for: everything that an address can say, made sensible."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from conversations.models import Channel
from conversations.reporting.periods import (
    EARLIEST,
    MOST_DAYS,
    PRESETS,
    USUAL,
    Period,
)


@dataclass
class ReportQuery:
    """Period and filters; `hints` say what was asked for and could not be given."""

    period: Period
    preset: int | None
    today: date
    channel: str = ""
    group: int | None = None
    agent: int | None = None
    hints: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, asked: QueryDict, today: date, groups: set[int], agents: set[int]
    ) -> "ReportQuery":
        """Read an address; `groups` and `agents` are those of the account."""
        hints: list[str] = []
        period, preset = _period(asked, today, hints)
        channel = asked.get("channel", "")
        if channel not in Channel.Kind.values:
            if channel:
                hints.append(_("There is no such channel: all are shown."))
            channel = ""
        group = _key(asked.get("group", ""), groups)
        if asked.get("group") and group is None:
            hints.append(_("There is no such group: all are shown."))
        agent = _key(asked.get("agent", ""), agents)
        if asked.get("agent") and agent is None:
            hints.append(_("There is no such agent: all are shown."))
        return cls(period, preset, today, channel, group, agent, hints)

    @property
    def filters(self) -> dict[str, str]:
        found = {"channel": self.channel, "group": self.group, "agent": self.agent}
        return {name: str(value) for name, value in found.items() if value}

    @property
    def span(self) -> dict[str, str]:
        if self.preset is not None:
            return {"d": str(self.preset)}
        return {
            "from": self.period.first.isoformat(),
            "until": self.period.last.isoformat(),
        }

    @property
    def address(self) -> str:
        return "?" + urlencode({**self.span, **self.filters})

    def presets(self) -> list[tuple[str, str, bool]]:
        """Label, address and whether it is the one shown."""
        labels = {
            1: _("Today"),
            7: _("7 days"),
            30: _("30 days"),
            90: _("90 days"),
            365: _("Year"),
        }
        return [
            (
                labels[days],
                "?" + urlencode({"d": days, **self.filters}),
                days == self.preset,
            )
            for days in PRESETS
        ]


def _period(
    asked: QueryDict, today: date, hints: list[str]
) -> tuple[Period, int | None]:
    if not (asked.get("from") or asked.get("until")):
        text = asked.get("d", "")
        known = text in {str(days) for days in PRESETS}
        if text and not known:
            hints.append(_("There is no such period: the last 30 days are shown."))
        days = int(text) if known else USUAL
        return Period.ending(today, days), days
    last = _day(asked.get("until", ""), hints) or today
    first = _day(asked.get("from", ""), hints)
    if first and first > last:
        hints.append(_("The first day came after the last one: they were swapped."))
        first, last = last, first
    last = max(EARLIEST, min(last, today))
    if first is None:
        return Period.ending(last, USUAL), None
    first = max(EARLIEST, min(first, last))
    if (last - first).days >= MOST_DAYS:
        hints.append(_("A report reaches back five years at most."))
        first = last - timedelta(days=MOST_DAYS - 1)
    return Period(first, last), None


def _day(text: str, hints: list[str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        hints.append(_("A day was not understood, and is not considered."))
        return None


def _key(text: str, known: set[int]) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return int(text) if int(text) in known else None
