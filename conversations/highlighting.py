"""What of a thread was hit by a search: a piece of the message, its words marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.db import connection

from conversations.models import Conversation, Message
from conversations.stems import dictionary_of
from conversations.words import MAX_WORD, Term, fold, terms_of, words_of
from supportdesk.core.redaction import MARKER_RE

# Of each row's thread so much is read, from its end; what was hit before that shows
# the usual preview.
MAX_ENTRIES = 40
MAX_CHARACTERS = 2_000
BEFORE, LENGTH = 14, 140
# How much longer than its stem a form of a word may be.
MAX_ENDING = 4

_LETTER = r"[^\W_]"
# In no text: PostgreSQL stores none.
_BETWEEN = "\0"
# Accents may be characters of their own.
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f])+")
# Entry by entry: with a range of them PostgreSQL reads long threads as a whole, for
# it takes all threads to be short.
_NEWEST = """
SELECT entry.conversation_id, message.kind, message.by_visitor, message.text, ARRAY(
    SELECT coalesce((ts_lexize(%(stems)s::regdictionary, word))[1], '')
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS asked (word, position)
    ORDER BY position
)
FROM unnest(%(keys)s::bigint[], %(seqs)s::bigint[]) AS entry (conversation_id, seq)
CROSS JOIN LATERAL (
    SELECT kind, by_visitor, left(text, %(characters)s) AS text
    FROM conversations_message
    WHERE conversation_id = entry.conversation_id AND seq = entry.seq
    LIMIT 1
) AS message
WHERE kind <> 'event' AND text <> ''
ORDER BY entry.conversation_id, entry.seq DESC
"""

Span = tuple[int, int]


@dataclass(frozen=True)
class Hit:
    """A piece of a message, and where in it the words are."""

    text: str
    spans: tuple[Span, ...]
    by_agent: bool = False
    is_note: bool = False


class _Entry(NamedTuple):
    """A message, and with each the stems of the words that were asked for."""

    conversation_id: int
    kind: str
    by_visitor: bool
    text: str
    stems: list[str]


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """The words of a search, with their stems in the account's language."""

    terms: tuple[Term, ...]
    stems: dict[str, str]

    def marks(self, message: Message) -> list[Span]:
        """Where they are in the message's text."""
        if message.is_event or not message.text:
            return []
        return hits_in(message.text[:MAX_CHARACTERS], self.terms, self.stems)

    def count_in(self, texts: Sequence[str]) -> list[int]:
        """How many of the terms each text holds: thousands are looked through at once."""
        # Folded together: one by one it would take several times as long.
        joined = MARKER_RE.sub(" ", _BETWEEN.join(texts))
        folded = fold(joined).split(_BETWEEN)[: len(texts)]
        return [sum(looked.is_in(text) for looked in self._looked) for text in folded]

    @cached_property
    def _looked(self) -> list["_Looked"]:
        return [_looked_for(term, self.stems) for term in self.terms]


@dataclass(frozen=True)
class _Looked:
    """What is compared with folded texts: without one of these pieces there is no hit,
    and finding a piece costs a fraction of the expression."""

    pieces: tuple[str, ...]
    expression: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        return (
            any(piece in text for piece in self.pieces)
            and self.expression.search(text) is not None
        )


def _looked_for(term: Term, stems: dict[str, str]) -> _Looked:
    """As the search compares; words hold letters and digits only."""
    between = r"[\W_]+".join(term.words)
    whole = rf"(?<!{_LETTER}){between}"
    if term.is_prefix:
        return _Looked((term.words[0],), re.compile(whole))
    pieces = [term.words[0]]
    ways = [term.part or rf"{whole}(?!{_LETTER})"]
    stem = stems.get(term.words[0]) if term.has_forms else ""
    if stem:
        pieces.append(stem)
        ways.append(rf"(?<!{_LETTER}){stem}{_LETTER}{{0,{MAX_ENDING}}}(?!{_LETTER})")
    return _Looked(tuple(pieces), re.compile("|".join(ways)))


def mark_hits(rows: Sequence[Conversation], q: str) -> None:
    """Set `hit` of each row whose latest messages hold something of what was asked.

    The message with most of the words, the newest of those. One query for all rows.
    """
    terms = tuple(terms_of(q))
    entries = _newest(rows, terms) if rows and terms else []
    if not entries:
        return
    asked = Asked(terms, dict(zip(_asked(terms), entries[0].stems, strict=True)))
    numbers = asked.count_in([entry.text for entry in entries])
    best: dict[int, tuple[int, _Entry]] = {}
    for number, entry in zip(numbers, entries, strict=True):
        if number > best.get(entry.conversation_id, (0, None))[0]:
            best[entry.conversation_id] = (number, entry)
    for row in rows:
        if row.pk not in best:
            continue
        entry = best[row.pk][1]
        if spans := hits_in(entry.text, terms, asked.stems):
            piece, shifted = _piece(entry.text, spans)
            row.hit = Hit(  # type: ignore[attr-defined]
                piece,
                shifted,
                by_agent=not entry.by_visitor,
                is_note=entry.kind == Message.Kind.NOTE,
            )


def hits_in(text: str, terms: Sequence[Term], stems: dict[str, str]) -> list[Span]:
    """Where the terms are in the text."""
    words = list(_words(text))
    return sorted({span for term in terms for span in _spans(words, term, stems)})


def _asked(terms: Sequence[Term]) -> list[str]:
    asked = [word for term in terms for word in term.words]
    return list(dict.fromkeys(asked))


def _newest(rows: Sequence[Conversation], terms: Sequence[Term]) -> list["_Entry"]:
    entries = [
        (row, seq)
        for row in rows
        for seq in range(max(1, row.last_seq - MAX_ENTRIES + 1), row.last_seq + 1)
    ]
    values: dict[str, str | int | list[str] | list[int]] = {
        "stems": dictionary_of(rows[0].account.language),
        "words": _asked(terms),
        "keys": [row.pk for row, _seq in entries],
        "seqs": [seq for _row, seq in entries],
        "characters": MAX_CHARACTERS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, values)
        return [_Entry(*row) for row in cursor.fetchall()]


def _words(text: str) -> Iterator[_Word]:
    hidden = [found.span() for found in MARKER_RE.finditer(text)]
    for found in _WORD.finditer(text):
        start, end = found.span()
        if hidden and any(first < end and start < last for first, last in hidden):
            continue
        # Thousands of words for a page, and most of them plain.
        word = found[0]
        if word.isascii():
            yield _Word(start, end, (word.lower()[:MAX_WORD],))
        else:
            yield _Word(start, end, tuple(words_of(word)) or (fold(word),))


def _spans(words: Sequence[_Word], term: Term, stems: dict[str, str]) -> Iterator[Span]:
    wanted = term.words
    if len(wanted) == 1:
        for word in words:
            if _is_form(word, wanted[0], term, stems):
                yield word.start, word.end
        return
    for at in range(len(words) - len(wanted) + 1):
        here = words[at : at + len(wanted)]
        if all(
            _is_form(word, asked, term, stems)
            for word, asked in zip(here, wanted, strict=True)
        ):
            yield here[0].start, here[-1].end


def _is_form(word: _Word, asked: str, term: Term, stems: dict[str, str]) -> bool:
    if asked in word.forms:
        return True
    if not term.has_forms:
        return False
    if term.is_prefix:
        return any(form.startswith(asked) for form in word.forms)
    if term.part and any(term.part in form for form in word.forms):
        return True
    stem = stems.get(asked, "")
    return bool(stem) and any(
        form.startswith(stem) and len(form) - len(stem) <= MAX_ENDING
        for form in word.forms
    )


def _piece(text: str, spans: Sequence[Span]) -> tuple[str, tuple[Span, ...]]:
    """A few words before the first hit, and as much after it as a row may hold."""
    first = spans[0][0]
    start = 0
    if first > BEFORE:
        # From the beginning of a word, for half a word is none.
        blank = re.search(r"\s", text[first - BEFORE : first])
        start = first - BEFORE + blank.end() if blank else first
    end = min(len(text), max(start + LENGTH, spans[0][1]))
    for found in MARKER_RE.finditer(text):
        if found.start() < start < found.end():
            start = found.start()
        if found.start() < end < found.end():
            end = found.end()
    lead = "… " if start else ""
    shift = len(lead) - start
    kept = tuple(
        (begin + shift, last + shift)
        for begin, last in apart(spans)
        if start <= begin and last <= end
    )
    return lead + text[start:end] + ("…" if end < len(text) else ""), kept


def apart(spans: Sequence[Span]) -> list[Span]:
    """Of what overlaps, one span."""
    apart: list[Span] = []
    for start, end in spans:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
