"""What people wrote, as HTML: escaped, with links and hidden card numbers marked."""

import re

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.templatetags.desk import icon
from supportdesk.core.redaction import MARKER_RE

register = template.Library()

_PIECE = re.compile(
    rf"(?P<link>https?://[^\s<>\"]+)|(?P<card>{MARKER_RE.pattern})", re.IGNORECASE
)
_PARAGRAPHS = re.compile(r"\n{2,}")
# Among them the closing quotation marks.
_ENDINGS = ".,;:!?'\"*_\u00bb\u201d\u2019"
_CLOSING = {")": "(", "]": "[", "}": "{"}


@register.filter
def message_text(text: str) -> SafeString:
    """Paragraphs and line breaks as typed; http(s) addresses become links."""
    return format_html_join(
        "",
        '<p dir="auto">{}</p>',
        ((_lines(part),) for part in _PARAGRAPHS.split(text) if part),
    )


@register.filter
def preview_text(text: str) -> SafeString:
    """One line, without links: the whole row is one already."""
    return _pieces(text, links=False)


@register.filter
def author_key(message: Message) -> str:
    """Who wrote it: neighbours with the same key stand together."""
    if message.is_event:
        return "event"
    if message.by_visitor:
        return "visitor"
    return f"{'note' if message.is_note else 'agent'}-{message.agent_id or 0}"


@register.filter
def rating_line(message: Message) -> str:
    label = Conversation.Rating(message.data["rating"]).label
    return _("The visitor rated this conversation: %(rating)s") % {"rating": label}


@register.filter
def contact_fields(message: Message) -> str:
    names = {"name": _("name"), "email": _("e-mail"), "phone": _("phone")}
    return ", ".join(names.get(field, field) for field in message.data["fields"])


def _lines(text: str) -> SafeString:
    *lines, last = [_pieces(line, links=True) for line in text.split("\n")]
    return format_html_join("", "{}<br>", ((line,) for line in lines)) + last


def _pieces(text: str, *, links: bool) -> SafeString:
    pieces: list[tuple[SafeString]] = []
    position = 0
    for found in _PIECE.finditer(text):
        address = found["link"]
        if address is not None and not links:
            continue
        pieces.append((escape(text[position : found.start()]),))
        if address is not None:
            kept = _without_punctuation(address)
            pieces.append((_link(kept),))
            position = found.start() + len(kept)
        else:
            pieces.append((_hidden_card(found[0]),))
            position = found.end()
    pieces.append((escape(text[position:]),))
    return format_html_join("", "{}", pieces)


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
