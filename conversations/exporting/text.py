"""A conversation as plain text, to be read, mailed or printed."""

import textwrap
from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exporting.structure import messages_of
from conversations.exporting.wording import (
    author_of,
    day_line,
    event_line,
    facts_of,
    file_label,
    title_of,
    with_words,
)
from conversations.models import Attachment, Conversation, Message

WIDTH = 78
# What people wrote stands under the line that says who: nothing they write can look
# like such a line.
INDENT = "    "


def conversation_text(row: Conversation, *, for_visitor: bool) -> Iterator[str]:
    """The thread in pieces, in the reader's language and on their clock.

    `row` comes with its list fields and its channel.
    """
    title = title_of(row, for_visitor=for_visitor)
    yield f"{title}\n{'=' * min(len(title), WIDTH)}\n\n"
    for label, value in facts_of(row, for_visitor=for_visitor):
        yield textwrap.fill(f"{label}: {value}", WIDTH, subsequent_indent=INDENT) + "\n"
    day = None
    for message in messages_of(row, public=for_visitor):
        at = timezone.localtime(message.created_at)
        if at.date() != day:
            day = at.date()
            yield f"\n--- {day_line(at)} ---\n"
        yield "\n" + _entry(row, message, at, for_visitor=for_visitor)


def _entry(
    row: Conversation, message: Message, at: datetime, *, for_visitor: bool
) -> str:
    time = f"[{at:%H:%M}]"
    if message.is_event:
        line = event_line(row, message, for_visitor=for_visitor)
        return textwrap.fill(f"{time} * {line}", WIDTH, subsequent_indent=INDENT) + "\n"
    author = author_of(row, message, for_visitor=for_visitor)
    if message.is_note:
        note = _("private note")
        author = f"{author} ({note})"
    body = [f"{time} {author}\n"]
    body += [_wrapped(line) for line in with_words(message.text).splitlines()]
    body += [_wrapped(_file(file)) for file in message.attachments.all()]
    return "".join(body)


def _wrapped(line: str) -> str:
    return (
        textwrap.fill(
            line,
            WIDTH,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            # An address that is broken cannot be followed.
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )


def _file(file: Attachment) -> str:
    label = _("Attachment")
    return f"[{label}: {file_label(file)}]"
