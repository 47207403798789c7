"""Numbers, times and days of a report in the reader's language."""

from datetime import date, timedelta

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations.reporting.periods import Period


def number(value: float, decimals: int = 0) -> str:
    if isinstance(value, int) and 0 <= value < 1000 and not decimals:
        # Most are, and every language writes them alike.
        return str(value)
    return formats.number_format(value, decimal_pos=decimals, force_grouping=True)


def duration(seconds: float | None) -> tuple[str, str]:
    """A time and its unit, as exact as anybody needs it."""
    if seconds is None:
        return "\N{EN DASH}", ""
    whole = round(seconds)
    if whole < 60:
        return str(whole), _("s")
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}", _("min")
    minutes = round(whole / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60}:{minutes % 60:02}", _("h")
    return number(seconds / 86_400, 1), _("days")


def duration_text(seconds: float | None) -> str:
    return "\N{NO-BREAK SPACE}".join(part for part in duration(seconds) if part)


def percent(value: float | None) -> str:
    return (
        "\N{EN DASH}"
        if value is None
        else _("%(number)s%%") % {"number": number(value)}
    )


def day_text(day: date, year: bool = False) -> str:
    text = formats.date_format(day, _day_format())
    return f"{text} {day.year}" if year else text


def _day_format() -> str:
    # Translators: a date within this year, such as 22 November
    return pgettext("date format", "j F")


def short_day(day: date) -> str:
    # Translators: a date as short as can be, such as 22 Nov
    return formats.date_format(day, pgettext("date format", "j M"))


def mark_text(period: Period, mark: date) -> str:
    """What one mark of a chart is called in full."""
    if period.by_month:
        return formats.date_format(mark, "F Y")
    return formats.date_format(mark, f"l, {_day_format()}")


def mark_label(period: Period, mark: date) -> str:
    return formats.date_format(mark, "M y") if period.by_month else short_day(mark)


def coarse_text(period: Period, mark: date) -> str:
    if period.days <= 10:
        return f"{formats.date_format(mark, 'D')}, {short_day(mark)}"
    if period.days <= 35:
        return _("Week %(number)s") % {"number": mark.isocalendar().week}
    if period.days <= 400:
        return formats.date_format(mark, "M Y")
    return str(mark.year)


def period_text(period: Period) -> str:
    if period.days == 1:
        return day_text(period.first, year=True)
    return _("%(first)s to %(last)s") % {
        "first": day_text(period.first, year=period.first.year != period.last.year),
        "last": day_text(period.last, year=True),
    }


def weekday(number: int) -> str:
    # 5 January 1970 was a Monday.
    return formats.date_format(date(1970, 1, 5) + timedelta(days=number), "D")
