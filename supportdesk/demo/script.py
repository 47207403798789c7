"""The words in which the demo's stories are told: plain data, no models.

Texts in here are not translated: they are what invented people wrote.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Colleague:
    """An agent; stories name them by `key`."""

    key: str
    email: str
    name: str
    role: str
    language: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guest:
    """A visitor; the same guest in two stories is one visitor with two conversations."""

    key: str
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "de"
    # By which the shop's server knows them, and what it tells of them.
    user_id: str = ""
    customer: tuple[tuple[str, str, str | int], ...] = ()
    # The personal note, and who wrote it.
    note: str = ""
    noted_by: str = ""
    place: tuple[str, str] = ("", "")
    device: str = ""


@dataclass(frozen=True)
class Ago:
    """So long before now."""

    days: int = 0
    hours: int = 0
    minutes: int = 0

    def moment(self, now: datetime, zone: ZoneInfo) -> datetime:
        return now - timedelta(days=self.days, hours=self.hours, minutes=self.minutes)


@dataclass(frozen=True)
class DaysAgo:
    """A time of day, in the account's zone, some days back."""

    days: int
    time: str

    def moment(self, now: datetime, zone: ZoneInfo) -> datetime:
        hour, minute = self.time.split(":")
        day = now.astimezone(zone) - timedelta(days=self.days)
        return day.replace(hour=int(hour), minute=int(minute))


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happens `after` so many minutes since the step before."""

    after: float = 1


class Noticed(Step):
    """Nobody does anything: the desk writes down how it is."""


@dataclass(frozen=True)
class Unheard(Noticed):
    """Nobody was online."""


@dataclass(frozen=True)
class Missed(Noticed):
    """The visitor left without an answer, so many minutes ago."""

    left: float = 1


@dataclass(frozen=True)
class Says(Step):
    """The visitor writes."""

    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answers(Step):
    agent: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes(Step):
    """A private note."""

    agent: str
    text: str


@dataclass(frozen=True)
class Joins(Step):
    agent: str


@dataclass(frozen=True)
class Leaves(Step):
    agent: str


@dataclass(frozen=True)
class Assigns(Step):
    agent: str
    to: str


@dataclass(frozen=True)
class Moves(Step):
    """Hands the conversation to a group, or with an empty name to none."""

    agent: str
    group: str


@dataclass(frozen=True)
class Resolves(Step):
    agent: str


@dataclass(frozen=True)
class Reopens(Step):
    agent: str


@dataclass(frozen=True)
class Rates(Step):
    rating: int
    comment: str = ""


@dataclass(frozen=True)
class Story:
    """One conversation, told from its end: the last step happens at `ends`."""

    guest: Guest
    ends: Ago | DaysAgo
    page: str
    title: str
    steps: tuple[Step, ...]
    group: str = ""
    # Who has not opened it since; "*" stands for everybody.
    unread_by: tuple[str, ...] = ()
    # Whether the visitor saw the last entry before leaving.
    seen: bool = True
    # By whoever was the first to look after it.
    tags: tuple[str, ...] = ()

    def moments(self, now: datetime, zone: ZoneInfo) -> list[datetime]:
        """When each step happens, in their order."""
        moment = self.ends.moment(now, zone)
        moments = []
        for step in reversed(self.steps):
            moments.append(moment)
            moment -= timedelta(minutes=step.after)
        return moments[::-1]


@dataclass(frozen=True, kw_only=True)
class Passer:
    """Somebody who is on the website while the demo begins, and has not written yet."""

    # Path and title; the last is the one they are on.
    pages: tuple[tuple[str, str], ...]
    minutes: int
    device: str
    time_zone: str
    language: str = "de"
    referrer: str = ""
    campaign: dict[str, str] = field(default_factory=dict)
    # City and country.
    place: tuple[str, str] = ("", "")
    visits: int = 1


@dataclass(frozen=True)
class Canned:
    """A canned reply; without agent it is shared."""

    shortcut: str
    title: str
    text: str
    agent: str = ""
    files: tuple[str, ...] = ()
    used: int = 0


@dataclass(frozen=True)
class Label:
    """A tag of the shop."""

    name: str
    hue: int
    description: str = ""


@dataclass(frozen=True)
class Shop:
    """An account of the demo with all that is in it."""

    name: str
    site: str
    public_key: str
    color: str
    language: str
    # Group key to name.
    groups: dict[str, str]
    # The first is the owner.
    team: tuple[Colleague, ...]
    stories: tuple[Story, ...] = field(repr=False)
    passers: tuple[Passer, ...] = ()
    canned: tuple[Canned, ...] = field(default=(), repr=False)
    tags: tuple[Label, ...] = ()
