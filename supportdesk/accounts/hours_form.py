"""The page of business hours: as many times a day, and as many holidays, as needed.

Rows are lists of fields of one name, so that the page works without script: a button
that adds or removes one sends the form, and the page comes back with it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.hours import Day, Interval, is_forward, overlap
from supportdesk.accounts.models import Account, BusinessHour
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import redact_line
from supportdesk.core.time_zones import known_time_zones

MAX_TIMES, MAX_HOLIDAYS = 8, 200
# What somebody who has none yet begins with: Monday to Friday.
USUAL = ("09:00", "17:00")
WORKING_DAYS = 5

_time = forms.TimeField(input_formats=["%H:%M", "%H:%M:%S"])
_date = forms.DateField(input_formats=["%Y-%m-%d"])


def time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(known_time_zones())]


@dataclass
class TimeRow:
    opens: str = ""
    closes: str = ""
    error: str = ""
    is_new: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.opens or self.closes)


@dataclass
class DayRow:
    weekday: int
    times: list[TimeRow] = field(default_factory=list)

    @property
    def label(self) -> str:
        return str(BusinessHour.Weekday(self.weekday).label)

    @property
    def is_full(self) -> bool:
        return len(self.times) >= MAX_TIMES


@dataclass
class HolidayRow:
    date: str = ""
    name: str = ""
    is_yearly: bool = False
    error: str = ""
    is_new: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.date or self.name.strip())


class BusinessHoursForm(DressedForm, forms.Form):
    is_on = forms.BooleanField(
        label=_("Answer at these times only"),
        required=False,
        help_text=_(
            "At other times the chat is offline for new conversations; those that are "
            "running go on."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        help_text=_("All dates and times in the desk are shown in it as well."),
    )

    def __init__(self, data: QueryDict | None = None, *, account: Account) -> None:
        super().__init__(
            data,
            initial={
                "is_on": account.has_business_hours,
                "time_zone": account.time_zone,
            },
        )
        self.days = [DayRow(weekday) for weekday in range(7)]
        self.holidays: list[HolidayRow] = []
        self.is_rearranged = False
        if data is None:
            self._show(account)
        else:
            self._take(data)

    def _show(self, account: Account) -> None:
        for hour in account.business_hours.all():
            self.days[hour.weekday].times.append(
                TimeRow(f"{hour.opens_at:%H:%M}", f"{hour.closes_at:%H:%M}")
            )
        if not account.has_business_hours and not any(day.times for day in self.days):
            for day in self.days[:WORKING_DAYS]:
                day.times.append(TimeRow(*USUAL))
        self.holidays = [
            HolidayRow(holiday.date.isoformat(), holiday.name, holiday.is_yearly)
            for holiday in account.holidays.all()
        ]

    def _take(self, data: QueryDict) -> None:
        for day in self.days:
            opens = data.getlist(f"opens-{day.weekday}")
            closes = data.getlist(f"closes-{day.weekday}")
            pairs = list(zip(opens, closes, strict=False))[:MAX_TIMES]
            day.times = [TimeRow(*pair) for pair in pairs]
        yearly = set(data.getlist("holiday_yearly"))
        names = data.getlist("holiday_name")
        dates = data.getlist("holiday_date")
        rows = list(zip(dates, names, strict=False))[:MAX_HOLIDAYS]
        self.holidays = [
            HolidayRow(on, name, str(number) in yearly)
            for number, (on, name) in enumerate(rows)
        ]

    def rearranges(self) -> bool:
        """Whether a row was added or removed; nothing is stored then."""
        data = self.data
        if "add_holiday" in data:
            if len(self.holidays) < MAX_HOLIDAYS:
                self.holidays.append(HolidayRow(is_new=True))
        elif "remove_holiday" in data:
            _remove(self.holidays, str(data["remove_holiday"]))
        elif "add" in data:
            day = self._day(str(data["add"]))
            if day is not None and not day.is_full:
                day.times.append(TimeRow(is_new=True))
        elif "remove" in data:
            weekday, _dash, number = str(data["remove"]).partition("-")
            day = self._day(weekday)
            if day is not None:
                _remove(day.times, number)
        else:
            return False
        self.is_rearranged = True
        return True

    def _day(self, weekday: str) -> DayRow | None:
        return self.days[int(weekday)] if weekday in set("0123456") else None

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_rearranged:
            return values  # still being filled in
        values["week"] = [_clean_day(day) for day in self.days]
        values["holidays"] = _clean_holidays(self.holidays)
        times = [row.error for day in self.days for row in day.times]
        if any(times) or any(row.error for row in self.holidays):
            raise ValidationError(
                gettext("Nothing was saved. Correct the marked fields.")
            )
        if values.get("is_on") and not any(values["week"]):
            self.add_error("is_on", gettext("Enter at least one time of one day."))
        return values


def _remove(rows: list[Any], number: str) -> None:
    if number.isascii() and number.isdigit() and int(number) < len(rows):
        del rows[int(number)]


def _clean_day(day: DayRow) -> list[Interval]:
    """The day's valid intervals; what is wrong with the others is said beside them."""
    found: list[Interval] = []
    for row in day.times:
        if row.is_empty:
            continue
        try:
            interval: Interval = (_time.clean(row.opens), _time.clean(row.closes))
        except ValidationError:
            row.error = gettext("Enter both times, such as 09:00 and 17:30.")
            continue
        if not is_forward(interval):
            row.error = gettext(
                "The end must be after the beginning; midnight is 00:00. What goes on "
                "past midnight is entered on both days."
            )
        elif overlap([*found, interval]):
            row.error = gettext("This overlaps another time of the day.")
        else:
            found.append(interval)
    return sorted(found)


def _clean_holidays(rows: list[HolidayRow]) -> list[Day]:
    found: dict[date, Day] = {}
    for row in rows:
        row.name = redact_line(row.name, 80)
        if row.is_empty:
            continue
        try:
            on = _date.clean(row.date)
        except ValidationError:
            row.error = gettext("Enter the date of this holiday.")
            continue
        if on in found:
            row.error = gettext("This date is in the list already.")
            continue
        found[on] = Day(on, row.name, row.is_yearly)
    return list(found.values())
