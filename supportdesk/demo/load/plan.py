"""What is to be written, decided before the first row: sizes, visitors, what is open."""

import random
from array import array
from dataclasses import dataclass
from datetime import datetime, timedelta

YEARS = timedelta(days=730)
SHORTEST = 3
"""Entries of a thread: how it began, what the visitor wrote, how it ended."""
LONG_THREAD = 5_000
OPEN_SHARE = 0.03
NEW_VISITOR = 0.65
RARE_CONVERSATIONS = 20


@dataclass
class Plan:
    """One entry of each list for each conversation, oldest first."""

    lengths: "array[int]"
    """Entries of its thread."""
    visitors: "array[int]"
    """Its visitor's number, from 0 on in the order in which they came."""
    last_of_visitor: "array[int]"
    """By visitor: their last conversation."""
    open: frozenset[int]
    rare: frozenset[int]
    long: frozenset[int]
    now: datetime

    @property
    def size(self) -> int:
        return len(self.lengths)

    def began_at(self, number: int) -> datetime:
        """Evenly over the years; the last one begins a moment ago."""
        return self.now - YEARS * ((self.size - number) / self.size)


def make_plan(
    conversations: int, messages: int, rng: random.Random, now: datetime
) -> Plan:
    """Raises ValueError for numbers that make no desk."""
    if conversations < 1:
        raise ValueError("at least one conversation")
    if messages < conversations * SHORTEST:
        raise ValueError(f"at least {SHORTEST} messages for each conversation")
    long = _long_ones(conversations, messages, rng)
    visitors, last = _visitors(conversations, rng)
    rare = rng.sample(range(conversations), min(RARE_CONVERSATIONS, conversations))
    return Plan(
        lengths=_lengths(conversations, messages, long, rng),
        visitors=visitors,
        last_of_visitor=last,
        open=_open_ones(conversations, rng) | frozenset(long),
        rare=frozenset(rare),
        long=frozenset(long),
        now=now,
    )


def _long_ones(conversations: int, messages: int, rng: random.Random) -> dict[int, int]:
    """A few threads of thousands; in a small load a smaller one, or none."""
    spare = (messages - conversations * SHORTEST) // 10
    number = min(spare // LONG_THREAD, 5)
    if number:
        chosen = rng.sample(range(conversations // 2), number)
        return dict.fromkeys(chosen, LONG_THREAD)
    if spare < 100:
        return {}
    return {conversations // 2: spare}


def _lengths(
    conversations: int, messages: int, long: dict[int, int], rng: random.Random
) -> "array[int]":
    """Most threads are short and some are not; together exactly what was asked for."""
    rest = messages - sum(long.values())
    others = conversations - len(long)
    mean = rest / max(others, 1) - SHORTEST
    lengths = array(
        "l",
        (
            SHORTEST + int(rng.expovariate(1 / mean) if mean > 0 else 0)
            for _ in range(conversations)
        ),
    )
    for number, length in long.items():
        lengths[number] = length
    missing = messages - sum(lengths)
    step = 1 if missing > 0 else -1
    while missing:
        number = int(rng.random() * conversations)
        is_free = number not in long or others == 0
        if is_free and lengths[number] + step >= SHORTEST:
            lengths[number] += step
            missing -= step
    return lengths


def _visitors(
    conversations: int, rng: random.Random
) -> tuple["array[int]", "array[int]"]:
    visitors, last = array("l"), array("l")
    for number in range(conversations):
        if not last or rng.random() < NEW_VISITOR:
            visitor = len(last)
            last.append(number)
        else:
            # Who comes again does so soon, mostly.
            back = min(int(rng.expovariate(1 / 2000)), len(last) - 1)
            visitor = len(last) - 1 - back
            last[visitor] = number
        visitors.append(visitor)
    return visitors, last


def _open_ones(conversations: int, rng: random.Random) -> frozenset[int]:
    """Nearly all of the newest, and some that lie about."""
    number = max(round(conversations * OPEN_SHARE), 1)
    newest = range(conversations - number, conversations)
    lately = rng.sample(newest, round(number * 0.8))
    older = range(conversations - number)
    lying = rng.sample(older, min(number - len(lately), len(older)))
    return frozenset(lately) | frozenset(lying)
