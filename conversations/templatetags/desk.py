"""What the desk's pages are drawn with: icons, avatars, times, and the frame."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from conversations.access import can_resolve
from conversations.inbox import InboxQuery
from conversations.live import LiveQuery
from conversations.models import Channel, Conversation
from conversations.sidebar import Sidebar, sidebar_of
from supportdesk.accounts.models import User
from supportdesk.accounts.people import Person
from visitors.models import Visitor

register = template.Library()

PRESENT = timedelta(minutes=2)
_CHANNEL_ICONS = {"messenger": "messenger", "email": "envelope"}
_FACES = {1: "bad", 3: "neutral", 5: "good"}
_FACE_ICONS = {1: "frown", 3: "meh", 5: "smile"}


@register.simple_tag
@cache
def icon(name: str, classes: str = "") -> SafeString:
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        " " if classes else "",
        classes,
        static("supportdesk/icons.svg"),
        name,
    )


@register.simple_tag
def avatar(
    person: Any,
    size: str = "",
    agent: bool = False,
    channel: str = "",
    presence: str = "",
) -> SafeString:
    """A person's initials; whoever it is stands beside it as text."""
    return _avatar(person.initials, person.hue, size, agent, channel, presence)


@lru_cache(4096)
def _avatar(
    initials: str, hue: int, size: str, agent: bool, channel: str, presence: str
) -> SafeString:
    classes = "avatar"
    if size:
        classes += f" avatar--{size}"
    if agent:
        classes += " avatar--agent"
    return format_html(
        '<span class="{}"{} aria-hidden="true">{}{}</span>',
        classes,
        format_html(' data-hue="{}"', hue) if initials else "",
        initials or icon("user"),
        _avatar_mark(channel, presence),
    )


def _avatar_mark(channel: str, presence: str) -> str:
    if channel in _CHANNEL_ICONS:
        return format_html(
            '<span class="avatar__badge avatar__badge--{}">{}</span>',
            channel,
            icon(_CHANNEL_ICONS[channel]),
        )
    if not presence:
        return ""
    state = "" if presence == "online" else f" is-{presence}"
    return format_html('<span class="avatar__dot{}"></span>', state)


@register.simple_tag
def channel_mark(kind: str, *, text: bool = True) -> SafeString | str:
    """Where something came from; nothing for the website, the usual case."""
    if kind not in _CHANNEL_ICONS:
        return (
            format_html('<span class="channel">{}</span>', _("Live chat"))
            if text
            else ""
        )
    label = "Messenger" if kind == "messenger" else _("E-mail")
    return format_html(
        '<span class="channel channel--{}">{}{}</span>',
        kind,
        icon(_CHANNEL_ICONS[kind]),
        label if text else format_html('<span class="sr-only">{}</span>', label),
    )


@register.simple_tag
def rating_face(rating: int, *, label: bool = True, large: bool = False) -> SafeString:
    name = Conversation.Rating(rating).label
    return format_html(
        '<span class="rating rating--{}">{}{}</span>',
        _FACES[rating],
        icon(_FACE_ICONS[rating], "icon--lg" if large else ""),
        format_html("<span>{}</span>", name)
        if label
        else format_html('<span class="sr-only">{}: {}</span>', _("Rating"), name),
    )


@register.simple_tag(takes_context=True)
def sidebar(context: template.Context) -> Sidebar | None:
    """The frame's groups, colleagues and counts: the page's own, or asked now."""
    if "sidebar" in context:
        given: Sidebar = context["sidebar"]
        return given
    user = context["request"].user
    if not isinstance(user, User) or user.account_id is None:
        return None
    return sidebar_of(user)


@register.simple_tag
def action_url(name: str, conversation: Conversation) -> str:
    return reverse(f"conversations:{name}", args=[conversation.public_id])


@register.simple_tag
def query_with(query: InboxQuery, **changes: Any) -> str:
    """The list's query string with some values changed."""
    return replace(query, **changes).suffix


@register.simple_tag
def live_suffix(query: LiveQuery, page: int) -> str:
    """The query string of another page of the live visitors."""
    return query.suffix(page)


@register.filter
def channel_name(kind: str) -> str:
    if kind == Channel.Kind.WEBSITE:
        return _("Live chat")
    return str(Channel.Kind(kind).label)


@register.filter
def is_here(visitor: Visitor) -> bool:
    """Seen within the last two minutes: the time is written once a minute."""
    return bool(
        visitor.last_seen_at and timezone.now() - visitor.last_seen_at < PRESENT
    )


# Who may what


@register.simple_tag
def assigned_to(conversation: Conversation, agent: Person) -> bool:
    return any(person.id == agent.id for person in conversation.people)


@register.filter
def resolvable_by(conversation: Conversation, agent: User) -> bool:
    return can_resolve(agent, conversation)


# Times


@register.filter
def row_time(moment: datetime) -> str:
    """Today the time, this week the day, else the date."""
    local, now = timezone.localtime(moment), timezone.localtime()
    days = (now.date() - local.date()).days
    if days <= 0:
        return formats.date_format(local, "H:i")
    if days < 7:
        return formats.date_format(local, "D")
    if local.year == now.year:
        # Translators: a short date without a year, such as 3 Nov
        return formats.date_format(local, pgettext("date format", "j M"))
    # Translators: a short date with a year, such as 3 Nov 2024
    return formats.date_format(local, pgettext("date format", "j M Y"))


@register.filter
def moment(at: datetime) -> str:
    """As in the row, and with the time when it was not today."""
    local = timezone.localtime(at)
    short = row_time(at)
    clock = formats.date_format(local, "H:i")
    return short if short == clock else f"{short}, {clock}"


@register.filter
def day_label(at: datetime) -> str:
    local, now = timezone.localtime(at), timezone.localtime()
    # Translators: a date within this year, such as 22 November
    day = formats.date_format(local, pgettext("date format", "j F"))
    days = (now.date() - local.date()).days
    if days == 0:
        return _("Today, %(day)s") % {"day": day}
    if days == 1:
        return _("Yesterday, %(day)s") % {"day": day}
    if local.year == now.year:
        return f"{formats.date_format(local, 'l')}, {day}"
    # Translators: a date in another year, such as 22 November 2024
    return formats.date_format(local, pgettext("date format", "j F Y"))


@register.filter
def local_day(at: datetime) -> str:
    return timezone.localtime(at).date().isoformat()


@register.filter
def epoch_ms(at: datetime | None) -> int | str:
    return int(at.timestamp() * 1000) if at else ""


@register.filter
def waiting_time(since: datetime) -> str:
    minutes = max(int((timezone.now() - since).total_seconds() // 60), 0)
    if minutes < 60:
        return _("%(number)s min") % {"number": minutes}
    if minutes < 24 * 60:
        return _("%(number)s h") % {"number": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
