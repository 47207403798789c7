"""Cut a text into runs: groups of digits with nothing but separators between them.

One pass, no repetition over "digit or noise": a gap between two groups is looked at once
and only up to `LONGEST_GAP` characters, so hostile text costs no more than plain text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

MARKER_RE = re.compile(r"\[card ····([0-9]{4})\]")

# Decimal digits of every script, and the raised, lowered and circled ones that the
# database of characters calls digits but not decimals.
DIGITS = (
    r"\d²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒"
    "\N{DIGIT ZERO FULL STOP}-\N{DIGIT NINE COMMA}"
)
LONGEST_CARD = 19
LONGEST_GAP = 48
LONGEST_SOFT_GAP = 12

# What people, phones and word processors put between digits: spaces, dashes, dots,
# strokes, and all that is invisible (controls, joiners, direction marks, combining
# marks, keycaps). U+FFFD is what is left of a space in the wrong encoding.
SOFT = (
    r"\s._/,\-\x00-\x1f\x7f-\x9f\xad·\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u2015\u2022\u2026-\u202f\u2044\u2060-\u206f\u20d0-\u20ff"
    r"\u2212\u2215\u2219\u22c5\u2800\u2e3a\u2e3b\u3001\u3002\u3164\u30fb\u30fc"
    r"\ufe00-\ufe0f\ufe31\ufe32\ufe50-\ufe52\ufe58\ufe63\ufeff\uff0c-\uff0f\uff3f"
    r"\uff61\uff64\uff65\uffa0\ufffc\ufffd\U000e0000-\U000e01ef"
)
# Only between groups as an issuer prints them, or all of one size: encoded separators,
# markup, and any sign. What is longer comes first, nothing is tried twice.
_ENCODED = (
    r"%(?:0[9AD]|2[0-9A-F]|3[A-F]|5[BCDF]|7[B-E]|C2%A0|E2%80%[89A-F][0-9A-F])"
    r"|&(?:\#\d{1,5}|\#x[0-9A-F]{1,5}|[A-Z]{2,8});"
)
_SOFT_GAP = re.compile(f"[{SOFT}]{{1,{LONGEST_SOFT_GAP}}}+")
_OTHER_GAP = re.compile(
    rf"(?:{_ENCODED}|<[^<>\d]{{1,40}}>|[{SOFT}]|[^\w\s])++",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    rf"(?P<marker>{MARKER_RE.pattern})|(?P<encoded>{_ENCODED})|(?P<group>[{DIGITS}]+)",
    re.IGNORECASE,
)


def marker(last4: str) -> str:
    return f"[card ····{last4}]"


@dataclass(slots=True)
class Run:
    """Groups of digits; `gaps[k]` is what stands between group k and group k + 1."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def add(self, start: int, end: int, digits: str, gap: str) -> None:
        if self.groups:
            self.gaps.append(gap)
        self.starts.append(start)
        self.ends.append(end)
        self.groups.append(digits)


def is_soft(gap: str) -> bool:
    return _SOFT_GAP.fullmatch(gap) is not None


def _joins(gap: str) -> bool:
    if len(gap) > LONGEST_GAP:
        return False
    return is_soft(gap) or _OTHER_GAP.fullmatch(gap) is not None


def _plain(digits: str) -> str:
    if digits.isascii():
        return digits
    return "".join(str(unicodedata.digit(char)) for char in digits)


def split_runs(text: str) -> Iterator[Run]:
    run = Run()
    joined: dict[str, bool] = {}
    end = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "encoded":
            continue
        start = token.start()
        if token.lastgroup == "group" and run.groups:
            gap = text[end:start] if start - end <= LONGEST_GAP else ""
            known = joined.get(gap)
            if known is None:
                known = joined[gap] = bool(gap) and _joins(gap)
        else:
            gap, known = "", False
        if not known and run.groups:
            yield run
            run = Run()
        end = token.end()
        # A longer number is no card number and ends the run on both sides.
        if token.lastgroup == "group" and end - start <= LONGEST_CARD:
            run.add(start, end, _plain(token.group()), gap)
        elif run.groups:
            yield run
            run = Run()
    if run.groups:
        yield run
