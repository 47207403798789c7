"""Until when a conversation may be put off: the usual choices, in the account's zone."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MAX_SNOOZE = timedelta(days=366)
EVENING = time(18)
MORNING = time(9)

LABELS: dict[str, str | Promise] = {
    "hour": _("In 1 hour"),
    "evening": _("This evening"),
    "tomorrow": _("Tomorrow"),
    "monday": _("Next Monday"),
}


@dataclass(frozen=True)
class Choice:
    """One of the usual times; `key` is what a form sends."""

    key: str
    until: datetime

    @property
    def label(self) -> str | Promise:
        return LABELS[self.key]


def choices(now: datetime, tz: ZoneInfo) -> list[Choice]:
    """Those that lie ahead, each moment once."""
    moments = {key: until_of(key, now, tz) for key in LABELS}
    found: list[Choice] = []
    for key, until in moments.items():
        is_new = all(choice.until != until for choice in found)
        if until > now and is_new:
            found.append(Choice(key, until))
    return found


def until_of(key: str, now: datetime, tz: ZoneInfo) -> datetime:
    """The moment of a choice; that of the evening may have passed."""
    if key == "hour":
        return now + timedelta(hours=1)
    today = now.astimezone(tz).date()
    if key == "evening":
        return datetime.combine(today, EVENING, tz)
    days = 1 if key == "tomorrow" else 7 - today.weekday()
    return datetime.combine(today + timedelta(days=days), MORNING, tz)
