"""One conversation from its first entry to its last, as rows."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from conversations.services.thread import PREVIEW_LENGTH
from supportdesk.demo.load.cast import Agent, Cast
from supportdesk.demo.load.plan import Plan
from supportdesk.demo.load.vocabulary import FREQUENT, OCCASIONAL, RARE, Texts

Row = tuple[Any, ...]

KINDS = {"website": 0.85, "email": 0.1, "messenger": 0.05}
_LONG_RUN = timedelta(days=300)
_USUAL_RUN = timedelta(hours=3)
_VERSION_4 = 0x4 << 76 | 0x8 << 60
_RANDOM_BITS = ~(0xF << 76 | 0xF << 60)


def new_id(rng: random.Random) -> str:
    """A UUID by the run's own dice; several times faster than an object of it."""
    return f"{rng.getrandbits(128) & _RANDOM_BITS | _VERSION_4:032x}"


@dataclass
class Told:
    """A conversation with all that belongs to it; keys of messages come later."""

    row: Row
    messages: list[Row]
    assignments: list[Row]
    reads: list[Row]


class Thread:
    """Adds one entry after the other, and counts as the services do."""

    def __init__(self, pk: int, times: Iterator[datetime], ids: random.Random) -> None:
        self.pk = pk
        self.times = times
        self.ids = ids
        self.rows: list[Row] = []
        self.public_seq = 0
        self.visitor_messages = 0
        self.preview = ""
        self.preview_by_agent = False
        self.at = self.last_activity_at = next(times)
        self.waiting_since: datetime | None = None
        self.missed_at: datetime | None = None

    def _add(
        self,
        kind: str,
        *,
        public: bool,
        agent: Agent | None = None,
        channel: int | None = None,
        text: str = "",
        event: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        if self.rows:
            self.at = next(self.times)
        if public:
            self.public_seq += 1
        self.rows.append(
            (
                new_id(self.ids),
                self.pk,
                len(self.rows) + 1,
                self.public_seq if public else None,
                kind,
                agent.pk if agent else None,
                channel is not None,
                channel,
                text,
                0,
                0,
                event,
                orjson.dumps(data).decode() if data else "{}",
                new_id(self.ids) if kind != "event" else None,
                self.at,
            )
        )

    def event(
        self,
        event: str,
        agent: Agent | None = None,
        public: bool = False,
        data: dict[str, Any] | None = None,
    ) -> None:
        self._add("event", public=public, agent=agent, event=event, data=data)

    def visitor(self, text: str, channel: int) -> None:
        self._add("message", public=True, channel=channel, text=text)
        self.visitor_messages += 1
        self.waiting_since = self.waiting_since or self.at
        self._show(text, by_agent=False)

    def answer(self, text: str, agent: Agent) -> None:
        self._add("message", public=True, agent=agent, text=text)
        self.waiting_since = self.missed_at = None
        self._show(text, by_agent=True)

    def note(self, text: str, agent: Agent) -> None:
        self._add("note", public=False, agent=agent, text=text)

    def miss(self) -> None:
        """The visitor left: noticed with their last sign of life, told right then."""
        self.missed_at = self.at
        self.event("missed", data={"left_at": self.missed_at.isoformat()})

    def _show(self, text: str, by_agent: bool) -> None:
        self.preview = text[:PREVIEW_LENGTH].strip()
        self.preview_by_agent = by_agent
        self.last_activity_at = self.at


class Teller:
    """Decides what happens in a conversation."""

    def __init__(
        self,
        cast: Cast,
        plan: Plan,
        texts: Texts,
        rng: random.Random,
        ids: random.Random,
    ) -> None:
        self.cast, self.plan, self.texts = cast, plan, texts
        self.rng, self.ids = rng, ids
        # Half of them in no group: how most shops begin.
        self.groups = list(cast.groups)
        self.group_weights = [3 if group is None else 1 for group in self.groups]

    def kind(self) -> str:
        return self.rng.choices(list(KINDS), list(KINDS.values()))[0]

    def tell(
        self,
        number: int,
        pk: int,
        visitor: int,
        kind: str,
        language: str,
        began: dict[str, str],
    ) -> Told:
        rng, plan = self.rng, self.plan
        length = plan.lengths[number]
        is_open = number in plan.open
        channel = self.cast.channels[kind]
        group = rng.choices(self.groups, self.group_weights)[0]
        team = self.cast.groups[group]
        # Now and then somebody of another group helps out.
        agent = rng.choice(team if rng.random() < 0.95 else self.cast.everybody)
        thread = Thread(pk, self._times(number, length), self.ids)
        thread.event("started", data=dict(began))
        ending = self._ending(length, is_open)
        helper = self._talk(thread, number, channel, language, agent, ending)
        rating = 0
        if "missed" in ending:
            thread.miss()
        if "resolved" in ending:
            resolver = agent if "answered" in ending else self.cast.everybody[0]
            thread.event("resolved", agent=resolver, public=True)
        resolved_at = None if is_open else thread.at
        if "rated" in ending:
            rating = rng.choices((1, 3, 5), (1, 2, 7))[0]
            thread.event("rated", data={"rating": rating, "comment": ""})
        assigned = [agent, *helper] if "answered" in ending else []
        reads, seen_by_agents = self._reads(thread, is_open, assigned)
        has_seen = bool(assigned) and rng.random() < 0.8
        row: tuple[Any, ...] = (
            pk,
            new_id(self.ids),
            kind,
            "open" if is_open else "resolved",
            language,
            len(thread.rows),
            thread.public_seq,
            thread.visitor_messages,
            bool(assigned),
            thread.preview,
            thread.preview_by_agent,
            thread.last_activity_at,
            thread.waiting_since if is_open else None,
            thread.rows[0][-1],
            resolved_at,
            thread.public_seq if has_seen else 0,
            thread.at if has_seen else None,
            seen_by_agents,
            rating or None,
            "",
            thread.at if rating else None,
            self.cast.account.pk,
            channel,
            group,
            visitor,
            thread.missed_at,
            [],
            0,
            sorted(each.pk for each in assigned),
        )
        assignments = [(pk, each.pk, thread.last_activity_at) for each in assigned]
        return Told(row, thread.rows, assignments, reads)

    def _times(self, number: int, length: int) -> Iterator[datetime]:
        """When each entry was written: in order, and none in the future."""
        began = self.plan.began_at(number)
        run = _LONG_RUN if number in self.plan.long else _USUAL_RUN
        # A pause is at most twice the usual one.
        pause = min(run, (self.plan.now - began) / 2.01) / length
        at = began
        while True:
            yield at
            at += pause * (2 * self.rng.random())

    def _ending(self, length: int, is_open: bool) -> set[str]:
        """How it turns out, as far as the thread has room for the entries of it."""
        rng = self.rng
        ending = set()
        room = length - 2
        if not is_open:
            ending.add("resolved")
            room -= 1
        answered = rng.random() < (0.75 if is_open else 0.97) or length > 12
        if answered and room >= 2:
            ending.add("answered")
            room -= 2
        if is_open and ("answered" not in ending or rng.random() < 0.4):
            ending.add("waiting")
        if "answered" not in ending and room >= 1 and rng.random() < 0.4:
            ending.add("offline")
            room -= 1
        unanswered = "answered" not in ending or ("waiting" in ending and room >= 2)
        if unanswered and room >= 1 and rng.random() < 0.25:
            ending.add("missed")
            room -= 1
        if {"answered", "resolved"} <= ending and room >= 1 and rng.random() < 0.3:
            ending.add("rated")
        return ending

    def _talk(
        self,
        thread: Thread,
        number: int,
        channel: int,
        language: str,
        agent: Agent,
        ending: set[str],
    ) -> list[Agent]:
        """All between the beginning and the ending; who was called in besides."""
        rng, text = self.rng, self.texts.text
        after = len(ending & {"missed", "resolved", "rated"})
        last = self.plan.lengths[number] - after
        thread.visitor(text(language, *self._planted(number)), channel)
        if "offline" in ending:
            thread.event("offline")
        if "answered" not in ending:
            while len(thread.rows) < last:
                thread.visitor(text(language), channel)
            return []
        if last - len(thread.rows) > 3 and rng.random() < 0.3:
            thread.visitor(text(language), channel)
        thread.event("joined", agent=agent, public=True)
        thread.answer(text(language), agent)
        helper: list[Agent] = []
        while len(thread.rows) < last:
            throw = rng.random()
            is_last = len(thread.rows) == last - 1
            if (is_last and "waiting" in ending) or (not is_last and throw < 0.5):
                thread.visitor(text(language), channel)
            elif is_last or throw < 0.94:
                thread.answer(text(language), rng.choice([agent, *helper]))
            elif throw < 0.99 or helper:
                thread.note(text(language), agent)
            else:
                colleague = rng.choice(self.cast.everybody)
                if colleague.pk == agent.pk:
                    thread.note(text(language), agent)
                    continue
                helper.append(colleague)
                data = {"agent_id": colleague.pk, "name": colleague.name}
                thread.event("assigned", agent=agent, data=data)
        return helper

    def _planted(self, number: int) -> list[str]:
        rng = self.rng
        words = []
        if rng.random() < 0.3:
            words.append(FREQUENT)
        if rng.random() < 0.02:
            words.append(OCCASIONAL)
        if number in self.plan.rare:
            words.append(RARE)
        if rng.random() < 0.1:
            words.append(f"A-{number:07d}")
        return words

    def _reads(
        self, thread: Thread, is_open: bool, assigned: list[Agent]
    ) -> tuple[list[Row], int]:
        """Who has seen how many of the visitor's messages."""
        rng = self.rng
        total = thread.visitor_messages
        readers = {agent.pk: total for agent in assigned}
        if is_open:
            for reader in readers:
                # What came last is new to some, but never what they answered.
                if thread.waiting_since is not None and rng.random() < 0.7:
                    readers[reader] = total - 1
            lookers = rng.sample(self.cast.everybody, int(rng.random() * 6))
            for agent in lookers:
                readers.setdefault(agent.pk, int(rng.random() * (total + 1)))
        rows = [
            (thread.pk, reader, count, len(thread.rows) if count == total else 0)
            for reader, count in readers.items()
        ]
        seen = thread.public_seq if total in readers.values() else 0
        return rows, seen
