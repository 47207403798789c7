"""What a document for people says of a conversation, whatever it is drawn as."""

import html
import re
from collections.abc import Iterator
from datetime import datetime

from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from conversations.models import Attachment, Channel, Conversation, Message
from conversations.templatetags.messages_text import rating_line
from conversations.visitor_view import agent_for_visitor
from supportdesk.core.redaction import MARKER_RE
from supportdesk.core.text import clean_line

_TIME = re.compile(r"<time\b.*?</time>", re.DOTALL)


def with_words(text: str) -> str:
    """Markers of hidden card numbers as words of the reader's language."""
    return MARKER_RE.sub(
        lambda found: _("[card number hidden ····%(digits)s]") % {"digits": found[1]},
        text,
    )


def title_of(row: Conversation, *, for_visitor: bool) -> str:
    who = _line(row.account.name) if for_visitor else _visitor_name(row)
    return _("Conversation with %(name)s") % {"name": who}


def facts_of(row: Conversation, *, for_visitor: bool) -> Iterator[tuple[str, str]]:
    """Labels and values; for the visitor none of how the desk sorted it."""
    kind = str(Channel.Kind(row.channel_kind).label)
    yield _("Channel"), kind if for_visitor else f"{kind} ({_line(row.channel.name)})"
    yield _("Status"), row.get_status_display()
    yield _("Begun"), moment(row.created_at)
    if row.rating:
        rating = str(Conversation.Rating(row.rating).label)
        comment = _line(row.rating_comment)
        yield _("Rating"), f"{rating} ({comment})" if comment else rating
    if not for_visitor:
        yield from _inside(row)
    yield _("Time zone"), row.account.time_zone


def _inside(row: Conversation) -> Iterator[tuple[str, str]]:
    """What the desk noted and how it sorted it: nothing that visitors are told."""
    if row.visitor.email:
        yield _("E-mail"), _line(row.visitor.email)
    if row.visitor.phone:
        yield _("Phone"), _line(row.visitor.phone)
    if row.resolved_at:
        yield _("Resolved"), moment(row.resolved_at)
    if row.group:
        yield _("Group"), _line(row.group.name)
    if row.people:
        names = [_line(str(person)) for person in row.people]
        yield _("Assignees"), ", ".join(names)
    if row.tags:
        yield _("Tags"), ", ".join(_line(tag.name) for tag in row.tags)
    if row.priority:
        yield _("Priority"), row.get_priority_display()


def event_line(row: Conversation, message: Message, *, for_visitor: bool) -> str:
    return _seen_event(message, row) if for_visitor else _event(message, row)


def _event(message: Message, row: Conversation) -> str:
    """What the thread says of it: its template without the markup."""
    if message.event == Message.Event.RATED:
        comment = _line(str(message.data.get("comment") or ""))
        line = rating_line(message)
        return f"{line} ({comment})" if comment else line
    context = {"message": message, "conversation": row}
    drawn = render_to_string("conversations/_event.html", context)
    return _line(html.unescape(strip_tags(_TIME.sub("", drawn))))


def _seen_event(message: Message, row: Conversation) -> str:
    """The two that visitors are shown, with the first name that they know."""
    name = _agent_name(message, row)
    if message.event == Message.Event.JOINED:
        return _("%(name)s joined the conversation") % {"name": name}
    return _("The conversation was resolved")


def author_of(row: Conversation, message: Message, *, for_visitor: bool) -> str:
    if message.by_visitor:
        # The name may be one that an agent wrote down.
        return _("Visitor") if for_visitor else _visitor_name(row)
    if for_visitor:
        return _agent_name(message, row)
    return _line(str(message.agent)) if message.agent else _("Former colleague")


def _agent_name(message: Message, row: Conversation) -> str:
    name = agent_for_visitor(message.agent)["name"] if message.agent else ""
    return _line(name or row.account.name)


def _visitor_name(row: Conversation) -> str:
    return _line(str(row.visitor.display_name))


def file_label(file: Attachment) -> str:
    """Name and size of an attachment."""
    size = filesizeformat(file.size).replace("\xa0", " ")
    return f"{_line(file.name)}, {size}"


def day_line(at: datetime) -> str:
    return f"{formats.date_format(at, 'l')}, {_day(at)}"


def moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{_day(local)}, {local:%H:%M}"


def _day(at: datetime) -> str:
    return formats.date_format(at, "DATE_FORMAT")


def _line(text: str) -> str:
    return clean_line(with_words(text), 2_000)
