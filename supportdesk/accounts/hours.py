"""Business hours: whether the account answers new visitors now, and when again.

Without hours an account is always open. Running conversations do not ask: what was
begun is answered as long as somebody is there.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from supportdesk.accounts.models import Account

REMEMBERED = 5.0
"""Seconds."""

MIDNIGHT = clock(0, 0)
# Further ahead nobody is told when the account is back.
LOOK_AHEAD = 14

# From when until when; an end at midnight is the one that ends the day.
Interval = tuple[clock, clock]


@dataclass(frozen=True)
class Day:
    """A holiday."""

    date: date
    name: str = ""
    is_yearly: bool = False


def is_forward(interval: Interval) -> bool:
    opens, closes = interval
    return closes > opens or closes == MIDNIGHT


def overlap(intervals: Iterable[Interval]) -> Interval | None:
    """The first interval that begins before an earlier one has ended."""
    ends: clock | None = clock(0, 0)
    for opens, closes in sorted(intervals):
        if ends is None or opens < ends:
            return opens, closes
        ends = None if closes == MIDNIGHT else closes
    return None


@dataclass(frozen=True)
class Hours:
    """An account's hours; `week` has the intervals of Monday to Sunday."""

    tz: ZoneInfo
    week: tuple[tuple[Interval, ...], ...]
    holidays: frozenset[date]
    yearly: frozenset[tuple[int, int]]

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self.tz)
        return any(
            opens <= local.time() and (local.time() < closes or closes == MIDNIGHT)
            for opens, closes in self.on(local.date())
        )

    def next_opening(self, at: datetime) -> datetime | None:
        """The next time at which it opens, within two weeks; None while it is open."""
        if self.is_open(at):
            return None
        local = at.astimezone(self.tz)
        for days in range(LOOK_AHEAD + 1):
            day = local.date() + timedelta(days=days)
            begins = [
                begin
                for opens, _closes in self.on(day)
                for begin in self._begins(day, opens)
                # A day or an interval that the clock leaps over does not open.
                if begin > at and self.is_open(begin)
            ]
            if begins:
                return min(begins).astimezone(self.tz)
        return None

    def on(self, day: date) -> tuple[Interval, ...]:
        if day in self.holidays or (day.month, day.day) in self.yearly:
            return ()
        return self.week[day.weekday()]

    def _begins(self, day: date, opens: clock) -> list[datetime]:
        """When the clock comes to `opens`: twice on the day on which it is set back.

        Where it is set forward over that time, the moment at which it is.
        """
        first, second = (
            datetime.combine(day, opens, self.tz).replace(fold=fold).astimezone(UTC)
            for fold in (0, 1)
        )
        if first <= second:
            return [first, second]
        begins = second
        while begins.astimezone(self.tz).replace(tzinfo=None) < datetime.combine(
            day, opens
        ):
            begins += timedelta(minutes=1)
        return [begins]


_remembered: dict[int, tuple[float, Hours | None]] = {}


def hours_of(account_id: int, *, fresh: bool = False) -> Hours | None:
    """The account's hours, remembered for some seconds; None if it has none."""
    now = time.monotonic()
    found = _remembered.get(account_id)
    if fresh or found is None or found[0] < now:
        found = (now + REMEMBERED, _look_up(account_id))
        _remembered[account_id] = found
    return found[1]


def is_open(account_id: int, at: datetime) -> bool:
    hours = hours_of(account_id)
    return hours is None or hours.is_open(at)


def next_opening(account_id: int, at: datetime) -> datetime | None:
    hours = hours_of(account_id)
    return hours.next_opening(at) if hours else None


def forget() -> None:
    _remembered.clear()


def _look_up(account_id: int) -> Hours | None:
    account = Account.objects.filter(pk=account_id).first()
    if account is None or not account.has_business_hours:
        return None
    week: list[list[Interval]] = [[] for _ in range(7)]
    for hour in account.business_hours.all():
        week[hour.weekday].append((hour.opens_at, hour.closes_at))
    holidays = list(account.holidays.all())
    return Hours(
        tz=account.tz,
        week=tuple(tuple(sorted(day)) for day in week),
        holidays=frozenset(day.date for day in holidays if not day.is_yearly),
        yearly=frozenset(
            (day.date.month, day.date.day) for day in holidays if day.is_yearly
        ),
    )
