"""Payment card numbers are taken out of text before anything else sees it.

Card numbers never reach the database, a log, a queue or a socket, so this package
neither logs nor prints, and its errors never quote what they were given.

What decides, in this order:

1. Shape: issuer prefix, exact length, Luhn; groups of digits in any script with any
   usual separators between them (`issuers`, `runs`).
2. Edges: a number glued to letters, or a slice out of a longer list of numbers, is not
   a card number (`finder`).
3. Look-alikes: IBANs, phone numbers, dates, coordinates, addresses, UUIDs, tracking
   numbers, and plain numbers that carry another name right before them, as in
   "order no. 4539..." or `/orders/4539...` (`context`).

A number that could be either is hidden: an agent can ask for an order number again,
nobody can take a card number back out of a backup. The price is that about one in sixty
nameless 16-digit numbers is hidden by chance, in addresses of pages too.
"""

import re
from dataclasses import dataclass
from typing import Any

from supportdesk.core.redaction.finder import find_cards
from supportdesk.core.redaction.runs import DIGITS, MARKER_RE, marker

__all__ = ["MARKER_RE", "MAX_DEPTH", "Redacted", "marker", "redact", "redact_value"]

MAX_DEPTH = 64
SHORTEST_CARD = 12

_DIGIT = re.compile(f"[{DIGITS}]")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without card numbers, and the last four digits of each that it had."""

    text: str
    cards: tuple[str, ...] = ()


def redact(text: str) -> Redacted:
    """Replace every card number in `text` by its marker. Linear in the length."""
    return _redact(text, "")


def redact_value(value: Any) -> Any:
    """Return a copy of JSON-like data without card numbers in keys or values.

    A key counts as the label of its value: `{"order_id": 4539...}` stays. A number that
    is hidden becomes a string. Raises ValueError for data nested deeper than MAX_DEPTH.
    """
    return _redact_value(value, "", 0)


def _redact(text: str, label: str) -> Redacted:
    if len(_DIGIT.findall(text)) < SHORTEST_CARD:
        return Redacted(text)
    pieces: list[str] = []
    cards: list[str] = []
    position = 0
    for card in find_cards(text, label):
        pieces += text[position : card.start], marker(card.last4)
        cards.append(card.last4)
        position = card.end
    if not cards:
        return Redacted(text)
    pieces.append(text[position:])
    return Redacted("".join(pieces), tuple(cards))


def _redact_value(value: Any, label: str, depth: int) -> Any:
    if isinstance(value, str):
        return _redact(value, label).text
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _redact_number(value, label)
    if isinstance(value, dict | list | tuple) and depth >= MAX_DEPTH:
        raise ValueError(f"Data is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return _redact_dict(value, depth)
    if isinstance(value, list):
        return [_redact_value(item, label, depth + 1) for item in value]
    if isinstance(value, tuple):
        return tuple(_redact_value(item, label, depth + 1) for item in value)
    return value


def _redact_dict(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key, item in value.items():
        clean = _redact_value(key, "", depth + 1)
        if clean != key:
            clean = _free_key(clean, result, value)
        label = key if isinstance(key, str) else ""
        result[clean] = _redact_value(item, label, depth + 1)
    return result


def _free_key(key: Any, *taken: dict[Any, Any]) -> Any:
    """Two card numbers with the same last four digits must not become one entry."""
    free, number = key, 1
    while any(free in keys for keys in taken):
        number += 1
        free = f"{key} ({number})"
    return free


def _redact_number(value: float, label: str) -> Any:
    # JSON numbers have no bound; int() of an infinite float and str() of a giant raise.
    if not 10 ** (SHORTEST_CARD - 1) <= abs(value) < 10**19:
        return value
    if isinstance(value, float) and not value.is_integer():
        return value
    result = _redact(str(int(abs(value))), label)
    return result.text if result.cards else value
