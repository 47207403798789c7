"""What the desk's pages are drawn with: icons, avatars, times, and the frame."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from conversations.access import can_edit_reply, can_resolve
from conversations.inbox import InboxQuery
from conversations.live import LiveQuery
from conversations.models import CannedReply, Channel, Conversation
from conversations.services.bulk import MAX_BULK
from conversations.sidebar import Colleague, Sidebar, sidebar_of
from conversations.snoozing import Choice, choices
from supportdesk.accounts.models import User
from visitors.models import Visitor

register = template.Library()

PRESENT = timedelta(minutes=2)
_CHANNEL_ICONS = {"messenger": "messenger", "email": "envelope"}
_FACES = {1: "bad", 3: "neutral", 5: "good"}
_FACE_ICONS = {1: "frown", 3: "meh", 5: "smile"}


@cache
def icon(name: str, classes: str = "") -> SafeString:
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        " " if classes else "",
        classes,
        static("supportdesk/icons.svg"),
        name,
    )


class IconNode(template.Node):
    """`{% icon "check" %}`, or `{% icon "check" "icon--sm" %}`; leaner than a simple tag."""

    child_nodelists = ()

    def __init__(self, asked: list[FilterExpression]) -> None:
        self.asked = asked

    def render(self, context: template.Context) -> SafeString:
        return icon(*(part.resolve(context) for part in self.asked))


@register.tag("icon")
def do_icon(parser: Parser, token: Token) -> IconNode:
    _tag, *given = token.split_contents()
    return IconNode([parser.compile_filter(part) for part in given])


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
    request = context.get("request")  # Some of Django's own pages come without.
    user = getattr(request, "user", None)
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


@register.simple_tag
def row_tags(conversation: Conversation) -> dict[str, Any]:
    """The tags a row has room for: two, or one beside a badge or several people."""
    row = conversation
    has_badge = row.snoozed_until or row.missed_at or row.waiting_since
    room = 1 if has_badge or len(row.people) > 1 else 2
    return {"tags": row.tags[:room], "more": len(row.tags[room:])}


# Who may what


@register.simple_tag
def assigning_choices(
    conversation: Conversation, colleagues: Sequence[tuple[Colleague, int]], me: int
) -> list[dict[str, Any]]:
    """Each colleague, whether they have the conversation, and what pressing does."""
    having = {person.id for person in conversation.people}
    assign, unassign, join = (
        reverse(f"conversations:{name}", args=[conversation.public_id])
        for name in ("assign", "unassign", "join")
    )
    return [
        {
            "colleague": colleague,
            "pressed": colleague.id in having,
            "address": (
                unassign
                if colleague.id in having
                else join
                if colleague.id == me
                else assign
            ),
        }
        for colleague, _open in colleagues
    ]


@register.simple_tag
def priorities() -> list[tuple[int, Any]]:
    return Conversation.Priority.choices


@register.simple_tag
def max_bulk() -> int:
    return MAX_BULK


@register.filter
def resolvable_by(conversation: Conversation, agent: User) -> bool:
    return can_resolve(agent, conversation)


@register.filter
def editable_by(reply: CannedReply, agent: User) -> bool:
    return can_edit_reply(agent, reply)


# Times


@register.filter
def row_time(moment: datetime) -> str:
    """Today the time, this week the day, else the date."""
    local, today = timezone.localtime(moment), timezone.localdate()
    if local.date() >= today:
        return f"{local:%H:%M}"
    return _short_day(local.date(), today, get_language())


@lru_cache(1024)
def _short_day(day: date, today: date, _language: str | None) -> str:
    if (today - day).days < 7:
        return formats.date_format(day, "D")
    if day.year == today.year:
        # Translators: a short date without a year, such as 3 Nov
        return formats.date_format(day, pgettext("date format", "j M"))
    # Translators: a short date with a year, such as 3 Nov 2024
    return formats.date_format(day, pgettext("date format", "j M Y"))


@register.filter
def moment(at: datetime) -> str:
    """As in the row, and with the time when it was not today."""
    local = timezone.localtime(at)
    short = row_time(at)
    clock = formats.date_format(local, "H:i")
    return short if short == clock else f"{short}, {clock}"


@register.filter
def until_time(at: datetime) -> str:
    """A moment that is to come: today the time, within a week with its day."""
    local, now = timezone.localtime(at), timezone.localtime()
    clock = formats.date_format(local, "H:i")
    days = (local.date() - now.date()).days
    if days == 0:
        return clock
    if 0 < days < 7:
        return f"{formats.date_format(local, 'D')}, {clock}"
    if local.year == now.year:
        day = formats.date_format(local, pgettext("date format", "j M"))
    else:
        day = formats.date_format(local, pgettext("date format", "j M Y"))
    return f"{day}, {clock}"


@register.simple_tag
def snooze_choices() -> list[Choice]:
    """The usual times, in the zone of the account."""
    return choices(timezone.now(), timezone.get_current_timezone())


@register.filter
def day_label(at: datetime) -> str:
    return name_of_day(timezone.localtime(at).date(), timezone.localdate())


def name_of_day(day: date, today: date) -> str:
    """As it stands above what was written on it."""
    return _name_of_day(day, today, get_language())


# With every entry of a thread, and few of them begin another day.
@lru_cache(1024)
def _name_of_day(day: date, today: date, _language: str | None) -> str:
    # Translators: a date within this year, such as 22 November
    name = formats.date_format(day, pgettext("date format", "j F"))
    days = (today - day).days
    if days == 0:
        return _("Today, %(day)s") % {"day": name}
    if days == 1:
        return _("Yesterday, %(day)s") % {"day": name}
    if day.year == today.year:
        return f"{formats.date_format(day, 'l')}, {name}"
    # Translators: a date in another year, such as 22 November 2024
    return formats.date_format(day, pgettext("date format", "j F Y"))


@register.filter(expects_localtime=True)
def full_date(day: date) -> str:
    """With the year, as in the thread; Django's own is American in English."""
    return formats.date_format(day, pgettext("date format", "j F Y"))


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
