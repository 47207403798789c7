"""Decide which groups of a run are a card number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from supportdesk.core.redaction import context
from supportdesk.core.redaction.issuers import (
    ISSUERS,
    Issuer,
    issuer_of,
    passes_luhn,
)
from supportdesk.core.redaction.runs import LONGEST_CARD, Run, is_soft, split_runs

SHORTEST_CARD = 12
LONGEST_PHONE = 15
# Groups of an expiry date and a code after a card number: 12 2027 123.
LONGEST_TAIL = 3

PRINTED_FIRST_SIZES = frozenset(
    grouping[0] for issuer in ISSUERS.values() for grouping in issuer.groupings
)
_FIRST_DIGITS = frozenset(prefix[0] for prefix in ISSUERS)
_LIST_GAP = re.compile(r"[^\n\r,;]*(?:\r\n?|\n|[,;]\s)\s*")
_EXPIRY_OR_CODE = re.compile(
    r"(?:(?:0?[1-9]|1[0-2]) (?:20)?[2-4]\d|(?:0[1-9]|1[0-2])(?:20)?[2-4]\d)"
    r"(?P<code> \d{3,4})?|\d{3}"
)


@dataclass(frozen=True, slots=True)
class Card:
    start: int
    end: int
    last4: str


def find_cards(text: str, label: str) -> Iterator[Card]:
    """Card numbers in order of appearance. `label` names the text, or is empty."""
    for run in split_runs(text):
        if sum(map(len, run.groups)) >= SHORTEST_CARD:
            yield from _RunFinder(text, label, run).find()


class _RunFinder:
    def __init__(self, text: str, label: str, run: Run) -> None:
        self.text = text
        self.label = label
        self.run = run
        self.digits = "".join(run.groups)
        self.offsets = list(accumulate(map(len, run.groups), initial=0))
        # Group index at each offset where a group begins, for ends in constant time.
        self.group_at = dict(zip(self.offsets, range(len(self.offsets)), strict=True))
        self.taken = bytearray(len(run.groups))

    def find(self) -> list[Card]:
        windows: list[tuple[int, int]] = []
        first = 0
        while first < len(self.run.groups):
            last = self._card_from(first)
            if last is None:
                first += 1
                continue
            self._take(first, last, windows)
            self._look_back(first, windows)
            first = last + 1
        return [self._card(*window) for window in sorted(windows)]

    def _take(self, first: int, last: int, windows: list[tuple[int, int]]) -> None:
        self.taken[first : last + 1] = b"\x01" * (last + 1 - first)
        windows.append((first, last))

    def _look_back(self, first: int, windows: list[tuple[int, int]]) -> None:
        """A number found gives those before it an end that they did not have."""
        last = first - 1
        # Between two numbers may stand the expiry date of the former.
        while last >= 0 and first - last <= LONGEST_TAIL + 1 and not self.taken[last]:
            before = self._card_up_to(last)
            if before is None:
                last -= 1
                continue
            self._take(before, last, windows)
            first = before
            last = first - 1

    def _card(self, first: int, last: int) -> Card:
        end = self.offsets[last + 1]
        return Card(
            self.run.starts[first], self.run.ends[last], self.digits[end - 4 : end]
        )

    def _card_from(self, first: int) -> int | None:
        offset = self.offsets[first]
        if self.digits[offset] not in _FIRST_DIGITS:
            return None
        match = issuer_of(self.digits[offset : offset + 4])
        if match is None:
            return None
        issuer, lengths = match
        for length in lengths:
            after = self.group_at.get(offset + length)
            if after is not None and self._is_card(first, after - 1, issuer, length):
                return after - 1
        return None

    def _card_up_to(self, last: int) -> int | None:
        first = last
        while first >= 0 and not self.taken[first]:
            offset = self.offsets[first]
            length = self.offsets[last + 1] - offset
            if length > LONGEST_CARD:
                break
            match = issuer_of(self.digits[offset : offset + 4])
            if (
                match is not None
                and length in match[1]
                and self._is_card(first, last, match[0], length)
            ):
                return first
            first -= 1
        return None

    def _is_card(self, first: int, last: int, issuer: Issuer, length: int) -> bool:
        """Cheap questions first: what is asked after Luhn looks at the text around."""
        single = first == last
        if not single and self._is_inside_list(first, last):
            return False
        sizes = tuple(map(len, self.run.groups[first : last + 1]))
        printed = sizes in issuer.groupings
        gaps = self.run.gaps[first:last]
        if any(self.taken[first : last + 1]):
            return False
        if not single and not self._has_edges(first, last, gaps, printed):
            return False
        offset = self.offsets[first]
        if not passes_luhn(self.digits[offset : offset + length]):
            return False
        start, end = self.run.starts[first], self.run.ends[last]
        if context.is_glued_before(self.text, start):
            return False
        if context.is_glued_after(self.text, end):
            return False
        words = context.label_before(self.text, start, self.label)
        named = context.names_card(words)
        sure = length in issuer.lengths or (
            length in issuer.written and (single or printed)
        )
        if not (sure or named or printed):
            return False
        if context.is_in_iban(self.text, start, end):
            return False
        if context.is_in_uuid(self.text, start, end):
            return False
        if named or (not single and self._ends_in_expiry(last + 1)):
            return True
        if single:
            return self._is_nameless(first, words, length)
        return self._is_grouped_card(first, last, printed, length)

    def _is_inside_list(self, first: int, last: int) -> bool:
        """What `_has_edges` would refuse, told by one look at the end that is refused."""
        groups, gaps = self.run.groups, self.run.gaps
        if len(groups[first]) in PRINTED_FIRST_SIZES:
            return False
        if first > 0 and not self.taken[first - 1] and gaps[first - 1] == gaps[first]:
            return True
        far = last + LONGEST_TAIL + 1
        return (
            far < len(groups)
            and gaps[last] == gaps[last - 1]
            and not any(self.taken[last + 1 : far + 1])
        )

    def _has_edges(self, first: int, last: int, gaps: list[str], printed: bool) -> bool:
        """Whether groups stand apart from their neighbours, or are a slice of a list."""
        groups = self.run.groups
        size = len(groups[first])
        left = self._edge(first, first - 1, first - 1, gaps)
        right = self._edge(last, last, last + 1, gaps)
        if printed:
            # Issuer's groups: one free end is enough, and another size frees an end.
            return (
                left
                or right
                or len(groups[first - 1]) != size
                or len(groups[last + 1]) != len(groups[last])
            )
        if not left or not (right or self._ends_in_expiry(last + 1)):
            return False
        even = len(set(gaps)) == 1 and all(
            len(group) == size for group in groups[first:last]
        )
        if even and size <= 4:
            return True
        if all(_LIST_GAP.fullmatch(gap) for gap in gaps):
            return False
        return all(map(is_soft, gaps))

    def _edge(self, group: int, gap: int, neighbour: int, gaps: list[str]) -> bool:
        if not 0 <= neighbour < len(self.run.groups):
            return True
        if self.taken[neighbour]:
            return True
        # With another separator outside than inside, the groups are a unit.
        return self.run.gaps[gap] not in gaps

    def _ends_in_expiry(self, first: int) -> bool:
        rest: list[str] = []
        for group in range(first, min(first + LONGEST_TAIL + 1, len(self.taken))):
            if self.taken[group]:
                break
            rest.append(self.run.groups[group])
        return _EXPIRY_OR_CODE.fullmatch(" ".join(rest)) is not None

    def _is_nameless(self, first: int, words: str, length: int) -> bool:
        """One ungrouped number: a card unless it says that it is something else."""
        if self._ends_in_expiry(first + 1):
            return True
        if context.names_something_else(words):
            return False
        return length > LONGEST_PHONE or not self._begins_phone(first)

    def _is_grouped_card(
        self, first: int, last: int, printed: bool, length: int
    ) -> bool:
        if context.is_parcel_number(self.digits):
            return False
        if printed:
            return length > LONGEST_PHONE or not self._begins_phone(first)
        start, end = self.run.starts[first], self.run.ends[last]
        if context.is_in_other_shape(self.text, start, end):
            return False
        return not self._is_in_phone(first, length)

    def _begins_phone(self, group: int) -> bool:
        start = self.run.starts[group]
        if self.run.groups[group].startswith("00"):
            return True
        if self.text[start - 1 : start] != "+":
            return False
        # In the query of an address a plus is a space.
        return not self.text[max(0, start - 2) : start - 1].isalnum()

    def _is_in_phone(self, first: int, length: int) -> bool:
        if self._begins_phone(first):
            return length <= LONGEST_PHONE
        group = first - 1
        while group >= 0 and not self.taken[group]:
            if self.offsets[first] - self.offsets[group] >= LONGEST_PHONE:
                break
            if self._begins_phone(group):
                return True
            group -= 1
        return False
