"""The daily summary as its reader gets it; built anew at each attempt."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.digests import Day, days_until
from notifications.mails.layout import compose, letter_for, mail_domain, spoken
from notifications.models import Notification, Preferences


@dataclass(frozen=True)
class Bar:
    """A day in the chart: its widths are percent of the longest bar."""

    day: Day
    answered_width: int
    lost_width: int


def digest_mail(notification: Notification) -> EmailMultiAlternatives | None:
    """The summary of a day; None when its reader is not to get one (any more).

    A day on which nobody wrote and nothing happened is not written about: a mail full
    of zeros after each Sunday teaches its readers to delete it unread. Whoever misses
    it finds the day as a row of the next summary's chart.
    """
    agent = notification.agent
    if (
        agent is None
        or not (agent.is_active and agent.has_full_access)
        or agent.account_id != notification.account_id
        or not Preferences.objects.of(agent.pk).digest
    ):
        return None
    account = notification.account
    days = days_until(account, date.fromisoformat(notification.occasion))
    if days[-1].is_quiet:
        return None
    letter = letter_for(notification)
    with spoken(letter):
        mail = compose(letter, "digest", _context(days))
    # Of all mails only this one is a list: it comes every day and nobody answers it.
    mail.extra_headers["List-Id"] = f"<digest.{account.public_id}.{mail_domain()}>"
    return mail


def bars(days: list[Day]) -> list[Bar]:
    longest = max(1, *(max(day.answered, day.lost) for day in days))
    return [
        Bar(day, round(100 * day.answered / longest), round(100 * day.lost / longest))
        for day in days
    ]


def duration(wait: timedelta | None) -> str:
    """As people say it: no seconds once there are minutes, no minutes beside days."""
    if wait is None:
        return "-"
    seconds = max(0, round(wait.total_seconds()))
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    days, hours = divmod(hours, 24)
    return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}


def _context(days: list[Day]) -> dict[str, Any]:
    return {
        "day": days[-1],
        "median_wait": duration(days[-1].median_wait),
        "bars": bars(days),
        "desk_url": f"{settings.SITE_URL}{reverse('conversations:inbox')}",
    }
