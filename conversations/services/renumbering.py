"""Two threads made one: which number each entry gets, and what follows from it.

The database says how the entries stand to each other and writes their new numbers, in
a constant number of statements; what counts by numbers (who has read how far) is then
looked up in the plan.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.db import connection

from conversations.events import Place

# Above every number there is: entries wait there for their new ones, since two may not
# have the same number for a moment.
_ASIDE = 1_000_000_000

# Clocks of several machines wrote the times: within a thread its own order stands.
_PLAN = """
WITH entries AS (
    SELECT
        id, conversation_id, seq, public_seq, client_id, by_visitor,
        kind = 'message' AND by_visitor AS asks,
        MAX(created_at) OVER (PARTITION BY conversation_id ORDER BY seq) AS at
    FROM conversations_message WHERE conversation_id IN (%(kept)s, %(merged)s)
)
SELECT
    id, conversation_id, by_visitor, asks, public_seq IS NOT NULL,
    client_id IS NOT NULL AND conversation_id = %(merged)s AND client_id IN (
        SELECT client_id FROM entries
        WHERE conversation_id = %(kept)s AND client_id IS NOT NULL
    ),
    ROW_NUMBER() OVER thread,
    COUNT(public_seq) OVER thread,
    COUNT(*) FILTER (WHERE asks) OVER thread
FROM entries
WINDOW thread AS (ORDER BY at, conversation_id = %(merged)s, seq)
ORDER BY conversation_id, seq
"""
_SET_ASIDE = """
UPDATE conversations_message
SET seq = seq + %(aside)s, public_seq = public_seq + %(aside)s
WHERE conversation_id = %(kept)s
"""
_WRITE = """
UPDATE conversations_message AS entry SET
    conversation_id = %(kept)s,
    written_in = CASE
        WHEN entry.conversation_id = %(kept)s THEN entry.written_in
        ELSE COALESCE(entry.written_in, entry.conversation_id)
    END,
    seq = plan.seq,
    public_seq = plan.public_seq,
    -- Two were sent under one name; the other thread's has it.
    client_id = CASE WHEN NOT plan.clashes THEN entry.client_id END
FROM UNNEST(%(ids)s::bigint[], %(seqs)s::int[], %(public)s::int[], %(clashes)s::bool[])
    AS plan (id, seq, public_seq, clashes)
WHERE entry.id = plan.id
"""


class Numbered(NamedTuple):
    """An entry with its new numbers; the last two count up to it."""

    id: int
    conversation_id: int
    by_visitor: bool
    asks: bool
    is_public: bool
    clashes: bool
    seq: int
    public_seq: int
    visitor_messages: int


@dataclass(frozen=True)
class Plan:
    """The joined thread; of each conversation its entries in their former order."""

    kept_id: int
    merged_id: int
    entries: dict[int, list[Numbered]] = field(repr=False)

    @classmethod
    def of(cls, kept_id: int, merged_id: int) -> "Plan":
        with connection.cursor() as cursor:
            cursor.execute(_PLAN, {"kept": kept_id, "merged": merged_id})
            rows = [Numbered(*row) for row in cursor.fetchall()]
        entries: dict[int, list[Numbered]] = defaultdict(list)
        for row in rows:
            entries[row.conversation_id].append(row)
        return cls(kept_id, merged_id, entries)

    def write(self) -> None:
        """Give the entries their new numbers; both conversations are locked."""
        rows = [row for thread in self.entries.values() for row in thread]
        with connection.cursor() as cursor:
            cursor.execute(_SET_ASIDE, {"kept": self.kept_id, "aside": _ASIDE})
            cursor.execute(
                _WRITE,
                {
                    "kept": self.kept_id,
                    "ids": [row.id for row in rows],
                    "seqs": [row.seq for row in rows],
                    "public": [
                        row.public_seq if row.is_public else None for row in rows
                    ],
                    "clashes": [row.clashes for row in rows],
                },
            )

    @property
    def last_seq(self) -> int:
        return max(row.seq for row in self._all())

    @property
    def last_public_seq(self) -> int:
        return max(row.public_seq for row in self._all())

    def entry(self, place: Place) -> Place | None:
        row = _nth(self.entries[place.conversation_id], place.number)
        return Place(self.kept_id, row.seq) if row else None

    def visitor_message(self, place: Place) -> Place | None:
        row = _nth(self._asked[place.conversation_id], place.number)
        return Place(self.kept_id, row.visitor_messages) if row else None

    # Who has read both threads so far, has read the joined one up to the first entry
    # that they have not read: what was unread stays unread.

    def visitor_messages_read(self, counts: dict[int, int]) -> int:
        """By how many visitor messages of each were read."""
        unread = [
            row.visitor_messages
            for pk, asked in self._asked.items()
            for row in asked[counts.get(pk, 0) :][:1]
        ]
        total = sum(len(asked) for asked in self._asked.values())
        return min(unread, default=total + 1) - 1

    def seen(self, seqs: dict[int, int]) -> int:
        """By up to which entry of each was seen."""
        unseen = [
            row.seq
            for pk, thread in self.entries.items()
            for row in thread[seqs.get(pk, 0) :][:1]
        ]
        return min(unseen, default=self.last_seq + 1) - 1

    def public_seen(self, seqs: dict[int, int], *, by_visitor: bool) -> int:
        """By which of the other side's public entries were seen, in public numbers."""
        unseen = [
            row.public_seq
            for pk, public in self._public.items()
            for row in public[seqs.get(pk, 0) :]
            if row.by_visitor != by_visitor
        ]
        return min(unseen, default=self.last_public_seq + 1) - 1

    def _all(self) -> Iterable[Numbered]:
        return (row for thread in self.entries.values() for row in thread)

    @cached_property
    def _asked(self) -> dict[int, list[Numbered]]:
        return self._only("asks")

    @cached_property
    def _public(self) -> dict[int, list[Numbered]]:
        return self._only("is_public")

    def _only(self, flag: str) -> dict[int, list[Numbered]]:
        return {
            pk: [row for row in self.entries[pk] if getattr(row, flag)]
            for pk in (self.kept_id, self.merged_id)
        }


def _nth(rows: list[Numbered], number: int) -> Numbered | None:
    return rows[number - 1] if 1 <= number <= len(rows) else None
