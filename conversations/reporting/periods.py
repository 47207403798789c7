"""Which days a report is about, and which of them it draws as one."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

PRESETS = (1, 7, 30, 90, 365)
USUAL = 30
# Above it a chart has one mark for each month.
MOST_DAYS_DRAWN = 92
MOST_DAYS = 5 * 366
# Nothing was ever counted before; dates far before it cannot even be compared with.
EARLIEST = date(2000, 1, 1)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> "Period":
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days right before it, to compare with."""
        return Period.ending(self.first - ONE_DAY, self.days)

    @property
    def by_month(self) -> bool:
        return self.days > MOST_DAYS_DRAWN

    def mark_of(self, day: date) -> date:
        """The first day of what is drawn as one."""
        return day.replace(day=1) if self.by_month else day

    def marks(self) -> list[date]:
        if not self.by_month:
            return [self.first + timedelta(days=number) for number in range(self.days)]
        marks = [self.first.replace(day=1)]
        while (following := next_month(marks[-1])) <= self.last:
            marks.append(following)
        return marks

    def coarse_mark_of(self, day: date) -> date:
        """A day, the Monday of a week, the first of a month or year: few enough rows."""
        if self.days <= 10:
            return day
        if self.days <= 35:
            return day - timedelta(days=day.weekday())
        if self.days <= 400:
            return day.replace(day=1)
        return day.replace(month=1, day=1)

    def stretches(self, today: date) -> list[Q]:
        """Rows of figures whose sum is the period: whole months are one row each.

        Up to three, to be asked for apart: each is a stretch of the index. Today's month
        is as whole as it can be: nothing is counted of days to come.
        """
        months_from = self.first.replace(day=1)
        if months_from < self.first:
            months_from = next_month(months_from)
        months_until = self.last.replace(day=1)
        following = next_month(months_until)
        if self.last >= min(today, following - ONE_DAY):
            months_until = following
        if months_from >= months_until:
            return [self.days_alone]
        found = [Q(grain="m", day__gte=months_from, day__lt=months_until)]
        if self.first < months_from:
            found.append(Q(grain="d", day__gte=self.first, day__lt=months_from))
        if self.last >= months_until:
            found.append(Q(grain="d", day__gte=months_until, day__lte=self.last))
        return found

    def stretches_of_marks(self, today: date) -> list[Q]:
        return self.stretches(today) if self.by_month else [self.days_alone]

    @property
    def days_alone(self) -> Q:
        return Q(grain="d", day__range=(self.first, self.last))


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
