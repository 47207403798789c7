"""Until when something counts."""

from datetime import datetime, timedelta

from django import template
from django.utils import formats, timezone
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def until(end: datetime) -> str:
    """The last day, and the time too unless it is the end of that day."""
    local = timezone.localtime(end)
    last = local - timedelta(microseconds=1)
    if last.year == timezone.localtime().year:
        day = formats.date_format(last, pgettext("date format", "j M"))
    else:
        day = formats.date_format(last, pgettext("date format", "j M Y"))
    if last.date() != local.date():
        return day
    return f"{day}, {formats.date_format(local, 'H:i')}"
