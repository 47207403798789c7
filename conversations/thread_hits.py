"""Which entries of an open thread hold what was searched for, and where."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connection

from conversations.highlighting import MAX_CHARACTERS, MAX_ENDING, Span, hits_in
from conversations.models import Conversation, Message
from conversations.stems import stems_in
from conversations.words import Term, fold, terms_of
from supportdesk.core.redaction import MARKER_RE

# Of a longer thread the end.
MAX_ENTRIES = 5_000
_LETTER = r"[^\W_]"
_TEXTS = """
SELECT seq, left(text, %s) FROM conversations_message
WHERE conversation_id = %s AND seq > %s AND kind <> 'event' AND text <> ''
ORDER BY seq
"""
# In no text: PostgreSQL stores none.
_BETWEEN = "\0"


@dataclass(frozen=True)
class Asked:
    """The words of a search, with their stems in the account's language."""

    terms: tuple[Term, ...]
    stems: dict[str, str]

    def marks(self, message: Message) -> list[Span]:
        """Where they are in the message's text."""
        if message.is_event or not message.text:
            return []
        return hits_in(message.text[:MAX_CHARACTERS], self.terms, self.stems)[1]

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        """One for each term, for folded texts: thousands of them are looked through."""
        return [re.compile(_pattern(term, self.stems)) for term in self.terms]


@dataclass(frozen=True)
class Hits:
    """The entries that hold most of the words, oldest first, and which one is shown."""

    seqs: tuple[int, ...]
    # 0 where the thread is shown from its end.
    at: int = 0

    @property
    def total(self) -> int:
        return len(self.seqs)

    @property
    def number(self) -> int:
        """Which one of them is shown, the oldest being the first; 0 if none is."""
        return bisect_left(self.seqs, self.at) + 1 if self.at else 0

    @property
    def older(self) -> int:
        """The one before, or 0; from the end of the thread the newest."""
        before = bisect_left(self.seqs, self.at) if self.at else len(self.seqs)
        return self.seqs[before - 1] if before else 0

    @property
    def newer(self) -> int:
        after = self.number if self.at else len(self.seqs)
        return self.seqs[after] if after < len(self.seqs) else 0


def asked_of(conversation: Conversation, q: str) -> Asked | None:
    """What a search asks of this thread; None if there is no word in it. One query."""
    terms = tuple(terms_of(q))
    if not terms:
        return None
    words = [word for term in terms for word in term.words]
    return Asked(terms, stems_in(conversation.account.language, words))


def find_hits(conversation: Conversation, asked: Asked, at: int | None) -> Hits:
    """The hits of a thread, at the one nearest to `at`, else at the newest. One query."""
    after = conversation.last_seq - MAX_ENTRIES
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [MAX_CHARACTERS, conversation.pk, after])
        rows = cursor.fetchall()
    # Folded at once: one by one it would take several times as long.
    joined = MARKER_RE.sub(" ", _BETWEEN.join(text for _seq, text in rows))
    texts = fold(joined).split(_BETWEEN)
    numbers = [
        sum(1 for pattern in asked.patterns if pattern.search(text)) for text in texts
    ]
    most = max(numbers, default=0)
    seqs = tuple(
        seq
        for (seq, _text), number in zip(rows, numbers, strict=False)
        if most and number == most
    )
    if not seqs or at == 0:
        return Hits(seqs)
    return Hits(seqs, seqs[-1] if at is None else _nearest(seqs, at))


def _nearest(seqs: Sequence[int], at: int) -> int:
    return min(seqs, key=lambda seq: abs(seq - at))


def _pattern(term: Term, stems: dict[str, str]) -> str:
    """What the search compares, as an expression: words of letters and digits only."""
    between = r"[\W_]+".join(term.words)
    whole = rf"(?<!{_LETTER}){between}"
    if term.is_prefix:
        return whole
    ways = [term.part or rf"{whole}(?!{_LETTER})"]
    stem = stems.get(term.words[0]) if term.has_forms else ""
    if stem:
        ways.append(rf"(?<!{_LETTER}){stem}{_LETTER}{{0,{MAX_ENDING}}}(?!{_LETTER})")
    return "|".join(ways)
