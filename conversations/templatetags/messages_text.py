"""What people wrote, as HTML: escaped, with links, names of colleagues and hidden card
numbers marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from conversations.highlighting import Hit, apart
from conversations.mentions import LINK
from conversations.models import Conversation, Message
from conversations.templatetags.desk import icon, moment, until_time
from supportdesk.accounts.models import User
from supportdesk.core.redaction import MARKER_RE

register = template.Library()

_PIECE = re.compile(rf"(?P<link>{LINK})|(?P<card>{MARKER_RE.pattern})", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"(\n{2,})")
# Among them the closing quotation marks.
_ENDINGS = ".,;:!?'\"*_\u00bb\u201d\u2019"
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Mark:
    """A colleague's name in a note, from its @ to its end; or without `ids` a hit."""

    start: int
    end: int
    ids: tuple[int, ...] = ()


@register.filter
def message_text(text: str) -> SafeString:
    """Paragraphs and line breaks as typed; http(s) addresses become links."""
    return _paragraphs(text, (), None)


@register.simple_tag(takes_context=True)
def body(context: template.Context, message: Message) -> SafeString:
    """The text, in a note with the names of who is mentioned.

    The reader's own name stands out, and the words that they searched for; a pushed
    fragment is for all and leaves that to the page.
    """
    user = getattr(context.get("request"), "user", None)
    reader = user.pk if isinstance(user, User) else None
    marks = _marks(message) if message.is_note else []
    if asked := context.get("asked"):
        hits = [Mark(start, end) for start, end in apart(asked.marks(message))]
        # In a name that is marked already nothing is marked again.
        marks = sorted([*marks, *hits], key=lambda mark: mark.start)
    return _paragraphs(message.text, marks, reader)


@register.filter
def preview_text(text: str) -> SafeString:
    """One line, without links: the whole row is one already."""
    if "····" not in text:
        # Nothing but a marker is anything else than text.
        return escape(text)
    return format_html_join("", "{}", _pieces(text, 0, (), None, links=False))


@register.filter
def hit_text(hit: Hit) -> SafeString:
    """A preview's line with what was searched for marked in it."""
    pieces: list[SafeString] = []
    position = 0
    for start, end in hit.spans:
        pieces.append(preview_text(hit.text[position:start]))
        pieces.append(format_html("<mark>{}</mark>", hit.text[start:end]))
        position = end
    pieces.append(preview_text(hit.text[position:]))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def rating_line(message: Message) -> str:
    label = Conversation.Rating(message.data["rating"]).label
    return _("The visitor rated this conversation: %(rating)s") % {"rating": label}


@register.filter
def transfer_names(message: Message) -> str:
    """Colleagues and group that it was handed to, in the words of that day."""
    return get_text_list(message.data.get("names", []), _("and"))


@register.filter
def left_time(message: Message) -> str:
    """When the visitor left, as short as beside the entry's own time it may be."""
    try:
        left_at = datetime.fromisoformat(message.data["left_at"])
    except (KeyError, TypeError, ValueError):
        return ""
    if timezone.is_naive(left_at):
        return ""
    local = timezone.localtime(left_at)
    if local.date() != timezone.localtime(message.created_at).date():
        return moment(left_at)
    return formats.date_format(local, "H:i")


@register.filter
def snoozed_until(message: Message) -> str:
    """Until when, as it was said then."""
    try:
        until = datetime.fromisoformat(message.data["until"])
    except (KeyError, TypeError, ValueError):
        return ""
    return "" if timezone.is_naive(until) else until_time(until)


@register.filter
def joined_began(message: Message) -> str:
    """When the conversation began that was taken in."""
    try:
        return moment(datetime.fromisoformat(message.data["began_at"]))
    except (KeyError, TypeError, ValueError):
        return ""


@register.filter
def split_other(message: Message) -> str:
    """The address of the other part."""
    return str(message.data.get("into") or message.data["from"])


@register.filter
def priority_name(message: Message) -> str:
    try:
        return str(Conversation.Priority(message.data["to"]).label)
    except (KeyError, ValueError):
        return ""


@register.filter
def contact_fields(message: Message) -> str:
    names = {"name": _("name"), "email": _("e-mail"), "phone": _("phone")}
    return ", ".join(names.get(field, field) for field in message.data["fields"])


def _paragraphs(text: str, marks: Sequence[Mark], reader: int | None) -> SafeString:
    if not marks and "\n" not in text and not _PIECE.search(text):
        # Most of what people write.
        return format_html('<p dir="auto">{}</p>', text) if text else SafeString("")
    paragraphs = []
    start = 0
    for part in _PARAGRAPHS.split(text):
        if part.strip("\n"):
            paragraphs.append((_lines(part, start, marks, reader),))
        start += len(part)
    return format_html_join("", '<p dir="auto">{}</p>', paragraphs)


def _lines(
    text: str, start: int, marks: Sequence[Mark], reader: int | None
) -> SafeString:
    lines = []
    for line in text.split("\n"):
        pieces = _pieces(line, start, marks, reader, links=True)
        lines.append(format_html_join("", "{}", pieces))
        start += len(line) + 1
    return format_html_join("", "{}<br>", ((line,) for line in lines[:-1])) + lines[-1]


def _pieces(
    text: str,
    start: int,
    marks: Sequence[Mark],
    reader: int | None,
    *,
    links: bool,
) -> Iterator[tuple[SafeString]]:
    """One line; it begins at `start` of the text that `marks` count in."""

    def plain(first: int, last: int) -> Iterator[tuple[SafeString]]:
        for mark in marks:
            begin, end = mark.start - start, mark.end - start
            if first <= begin and end <= last:
                yield (escape(text[first:begin]),)
                yield (_marked(text[begin:end], mark, reader),)
                first = end
        yield (escape(text[first:last]),)

    position = 0
    for found in _PIECE.finditer(text):
        address = found["link"]
        if address is not None and not links:
            continue
        yield from plain(position, found.start())
        if address is not None:
            kept = _without_punctuation(address)
            yield (_link(kept),)
            position = found.start() + len(kept)
        else:
            yield (_hidden_card(found[0]),)
            position = found.end()
    yield from plain(position, len(text))


def _marks(message: Message) -> list[Mark]:
    """Where the note names colleagues: as stored, so it stays when they are renamed."""
    text = message.text
    return [
        Mark(start, end, tuple(ids))
        for start, end, ids in message.data.get("mention_spans", ())
        if text[start : start + 1] == "@" and start < end <= len(text)
    ]


def _marked(text: str, mark: Mark, reader: int | None) -> SafeString:
    if not mark.ids:
        return format_html("<mark>{}</mark>", text)
    return _mention(text, mark, reader)


def _mention(name: str, mark: Mark, reader: int | None) -> SafeString:
    return format_html(
        '<span class="mention{}" data-mentions="{}">{}</span>',
        " mention--me" if reader in mark.ids else "",
        " ".join(map(str, mark.ids)),
        name,
    )


def _link(address: str) -> SafeString:
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>',
        address,
        address,
    )


def _hidden_card(marker: str) -> SafeString:
    return format_html(
        '<span class="redacted">{}{} ····{}</span>',
        icon("lock"),
        _("Card number hidden"),
        marker[-5:-1],
    )


def _without_punctuation(address: str) -> str:
    """Leave what ends the sentence, or closes a bracket opened before the address."""
    while address:
        last = address[-1]
        opening = _CLOSING.get(last)
        if opening is not None and address.count(opening) >= address.count(last):
            break
        if opening is None and last not in _ENDINGS:
            break
        address = address[:-1]
    return address
