"""Which entries of an open thread hold what was searched for, and where."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from conversations.highlighting import MAX_CHARACTERS, Asked
from conversations.models import Conversation
from conversations.stems import stems_in
from conversations.words import terms_of

# Of a longer thread the end.
MAX_ENTRIES = 5_000
_TEXTS = """
SELECT seq, left(text, %s) FROM conversations_message
WHERE conversation_id = %s AND seq > %s AND kind <> 'event' AND text <> ''
ORDER BY seq
"""


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
    numbers = asked.count_in([text for _seq, text in rows])
    most = max(numbers, default=0)
    seqs = tuple(
        seq
        for (seq, _text), number in zip(rows, numbers, strict=True)
        if most and number == most
    )
    if not seqs or at == 0:
        return Hits(seqs)
    return Hits(seqs, seqs[-1] if at is None else _nearest(seqs, at))


def _nearest(seqs: Sequence[int], at: int) -> int:
    return min(seqs, key=lambda seq: abs(seq - at))
