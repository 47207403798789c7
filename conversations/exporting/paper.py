"""A conversation as PDF, to be printed, filed, or handed to somebody outside.

Set by Typst in a process of its own. Its template gets what people wrote as data, and
nothing of it is markup.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.exporting.characters import printable, reads_from_right
from conversations.exporting.structure import messages_of
from conversations.exporting.thumbnails import NotReadable, Thumbnails
from conversations.exporting.wording import (
    author_of,
    day_line,
    event_line,
    facts_of,
    file_label,
    moment,
    title_of,
    with_words,
)
from conversations.models import Attachment, Conversation, Message

HERE = Path(__file__).resolve().parent
# What is set within seconds; text and JSON have no such limit.
MAX_CHARACTERS = 2_000_000
TIMEOUT = 60
# Millimetres of the longer side of a picture, and what a pixel is at most.
PICTURE_SIDE = 56
PIXEL = 25.4 / 96


class NotSet(ConversationError):
    """The document was not made; the sentence says what helps."""


def conversation_paper(row: Conversation, *, for_visitor: bool) -> bytes:
    """The whole thread in the reader's language and on their clock.

    `row` comes with its list fields and its channel. Raises NotSet for what is longer
    than a document can be, and if the typesetter fails.
    """
    thumbnails = Thumbnails()
    entries = list(_limited(_entries(row, thumbnails, for_visitor=for_visitor)))
    head = title_of(row, for_visitor=for_visitor)
    exported = _("Exported %(moment)s") % {"moment": moment(timezone.now())}
    facts = [
        *facts_of(row, for_visitor=for_visitor),
        (_("Reference"), str(row.public_id)),
    ]
    paper = {
        "lang": (translation.get_language() or "en").partition("-")[0],
        "title": printable(head),
        "account": printable(row.account.name),
        "issuer": _said(row.account.name),
        "head": _said(head),
        "exported": exported,
        "note": _("private note"),
        "facts": [(label, _said(value)) for label, value in facts],
        "entries": entries,
    }
    return _set(paper, thumbnails.files)


def _limited(entries: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    length = 0
    for entry in entries:
        length += len(entry["said"]["text"]) if "said" in entry else 0
        if length > MAX_CHARACTERS:
            raise NotSet(_("This conversation is too long for a PDF. Take it as text."))
        yield entry


def _entries(
    row: Conversation, thumbnails: Thumbnails, *, for_visitor: bool
) -> Iterator[dict[str, Any]]:
    day = None
    for message in messages_of(row, public=for_visitor):
        at = timezone.localtime(message.created_at)
        if at.date() != day:
            day = at.date()
            yield {"kind": "day", "text": day_line(at)}
        time = f"{at:%H:%M}"
        if message.is_event:
            line = event_line(row, message, for_visitor=for_visitor)
            yield {"kind": "event", "time": time, "said": _said(line)}
            continue
        yield {
            "kind": _kind(message),
            "time": time,
            "author": _said(author_of(row, message, for_visitor=for_visitor)),
            "said": _said(with_words(message.text)),
            "files": [_file(file, thumbnails) for file in message.attachments.all()],
        }


def _kind(message: Message) -> str:
    if message.is_note:
        return "note"
    return "visitor" if message.by_visitor else "agent"


def _said(text: str) -> dict[str, Any]:
    return {"text": printable(text), "rtl": reads_from_right(text)}


def _file(file: Attachment, thumbnails: Thumbnails) -> dict[str, Any]:
    label = f"{_('Attachment')}: {file_label(file)}"
    try:
        picture = thumbnails.add(file)
    except NotReadable:
        picture = ""
        label = " · ".join([label, _("The picture could not be read.")])
    fields: dict[str, Any] = {"said": _said(label), "picture": picture}
    if picture:
        fields |= {"alt": printable(file.name), "width": _width(file)}
    return fields


def _width(file: Attachment) -> float:
    """Millimetres on the page: small ones keep their size."""
    width, height = file.width or 1, file.height or 1
    return min(width * PIXEL, PICTURE_SIDE * min(1, width / height))


def _set(paper: dict[str, Any], pictures: dict[str, bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        template = (HERE / "paper.typ").read_bytes()
        (directory / "paper.typ").write_bytes(template)
        (directory / "paper.json").write_text(json.dumps(paper), encoding="utf-8")
        for picture, content in pictures.items():
            (directory / picture).write_bytes(content)
        program = str(HERE / "typesetter.py")
        try:
            subprocess.run(
                [sys.executable, "-I", program, name, str(HERE / "fonts")],
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=True,
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise NotSet(_("The PDF could not be made. Take it as text.")) from error
        return (directory / "paper.pdf").read_bytes()
