"""Which colleagues a note names with @, and where.

Names are looked for when the note is written: what it says stays true when somebody
is renamed later, so the places are stored as the text has them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from conversations.access import agents_who_see
from conversations.models import Conversation
from supportdesk.accounts.models import User
from supportdesk.accounts.people import Person

MAX_MENTIONS = 20
# Of names that are repeated all over the note, so many places are marked.
MAX_SPANS = 100

LINK = r"https?://[^\s<>\"]+"

_LINK = re.compile(LINK, re.IGNORECASE)
# Behind a letter it is an address of mail.
_AT = re.compile(r"(?<![\w\u0300-\u036f])@")
# A name goes on with letters and their accents, as a double name, or as a domain.
_GOES_ON = re.compile(r"[\w\u0300-\u036f]|[-.@]\w")


@dataclass(frozen=True)
class Named:
    """An agent who can be named."""

    id: int
    name: str
    may_see: bool = True


@dataclass(frozen=True)
class Span:
    """A place in the text, from its @ to the end of the name."""

    start: int
    end: int
    ids: tuple[int, ...]


def mention_data(conversation: Conversation, author: User, text: str) -> dict[str, Any]:
    """For a note's `data`: `mentions`, the ids of who is to be told of it, and
    `mention_spans`, where the text names whom: `[start, end, [ids]]`.

    Only who may see the conversation is mentioned. Authors know what they wrote:
    their own name is marked, but they are not told.
    """
    if "@" not in text:
        return {}
    spans = find_spans(text, _agents(conversation))
    if not spans:
        return {}
    named = dict.fromkeys(pk for span in spans for pk in span.ids)
    return {
        "mentions": [pk for pk in named if pk != author.pk],
        "mention_spans": [[span.start, span.end, list(span.ids)] for span in spans],
    }


def offered(conversation: Conversation, author: User) -> list[Person]:
    """Whom the author of a note may name there, in the order of their names.

    What stands behind the @ then is `name`, with single spaces.
    """
    agents = agents_who_see(conversation).exclude(pk=author.pk).by_name()
    rows = agents.values_list("pk", "name", "email")
    people = [Person(pk, " ".join(name.split()), email) for pk, name, email in rows]
    return [person for person in people if person.name]


def find_spans(text: str, agents: Iterable[Named]) -> list[Span]:
    """Where the text names one of these with @, in their order; the longest name wins.

    A full name means everybody who has it, a first name only the one who does. At most
    `MAX_MENTIONS` agents are found.
    """
    called = _names(agents)
    spans: list[Span] = []
    found: set[int] = set()
    for start, end, name in _places(text, called):
        ids = [
            agent.id
            for agent in called[name]
            if agent.may_see and (agent.id in found or len(found) < MAX_MENTIONS)
        ]
        if ids:
            found.update(ids)
            spans.append(Span(start, end, tuple(ids)))
        if len(spans) == MAX_SPANS:
            break
    return spans


def _agents(conversation: Conversation) -> list[Named]:
    seeing = agents_who_see(conversation).filter(pk=OuterRef("pk"))
    agents = User.objects.filter(account_id=conversation.account_id).active()
    rows = agents.order_by("pk").annotate(may_see=Exists(seeing))
    return [Named(*row) for row in rows.values_list("pk", "name", "may_see")]


def _names(agents: Iterable[Named]) -> dict[str, list[Named]]:
    """By what they may be called. Who may not see is among them: a name that is
    theirs as well does not mean a colleague alone."""
    called: dict[str, list[Named]] = {}
    firsts: list[tuple[str, Named]] = []
    for agent in agents:
        words = agent.name.split()
        if words:
            called.setdefault(_fold(" ".join(words))[0], []).append(agent)
            firsts.append((_fold(words[0])[0], agent))
    shared = Counter(first for first, _agent in firsts)
    for first, agent in firsts:
        if shared[first] == 1:
            called.setdefault(first, [agent])
    return called


def _places(text: str, names: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of each @name outside of links."""
    known = set(names)
    lengths = sorted({len(name) for name in known}, reverse=True)
    links = [found.span() for found in _LINK.finditer(text)]
    folded, offsets = _fold(text)
    for at in _AT.finditer(folded):
        start = offsets[at.start()]
        if any(first <= start < last for first, last in links):
            continue
        for length in lengths:
            name = folded[at.end() : at.end() + length]
            end = at.end() + len(name)
            if name in known and not _GOES_ON.match(folded, end):
                yield start, offsets[end], name
                break


def _fold(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and where each of its characters stands.

    Neither case nor the way accents are encoded makes a difference, nor how wide a
    space is. Lengths change with that ("ß" becomes "ss"), hence the places.
    """
    folded: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        if character.isspace() and character not in "\r\n":
            if folded and folded[-1] == " ":
                continue
            pieces = " "
        else:
            plain = unicodedata.normalize("NFD", character).casefold()
            pieces = unicodedata.normalize("NFD", plain)
        folded.extend(pieces)
        offsets.extend([index] * len(pieces))
    return "".join(folded), [*offsets, len(text)]
