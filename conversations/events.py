"""What happens in a conversation, told after commit; payloads hold ids only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.dispatch import Signal

if TYPE_CHECKING:
    from conversations.models import Message


@dataclass(frozen=True)
class MessagePosted:
    """Any new entry in the thread: message, note or event line.

    `message` is the row as it was committed, with its conversation, for receivers
    in this process: the push of a message is the desk's hottest path, and asking
    the database for what was just written would double its queries.
    """

    conversation_id: int
    message_id: int
    message: Message = field(repr=False, compare=False)


@dataclass(frozen=True)
class ConversationMoved:
    """Group or assignees changed, so others may see it than before.

    `group_id` and `agent_ids` are those from before the change.
    """

    conversation_id: int
    group_id: int | None
    agent_ids: tuple[int, ...]


@dataclass(frozen=True)
class ProfileMoved:
    """Browsers of this visitor may belong to another profile, or show another thread."""

    visitor_id: int


@dataclass(frozen=True)
class VisitorSaw:
    """The visitor has read up to `public_seq`."""

    conversation_id: int


@dataclass(frozen=True)
class AgentSaw:
    """An agent opened the thread or marked it unread."""

    conversation_id: int
    agent_id: int


@dataclass(frozen=True)
class TranscriptRequested:
    """The visitor wants the conversation by e-mail."""

    conversation_id: int


class Place(NamedTuple):
    """A thread, and which of its entries, or of its visitor messages, from 1."""

    conversation_id: int
    number: int


@dataclass(frozen=True)
class EntriesMoved:
    """Entries of two conversations got other numbers, or went from one to the other.

    Sent inside the transaction, under the lock of both, and no receiver may fail:
    rows above that name entries by number must never be seen with the old ones.
    """

    conversation_ids: tuple[int, int]
    # From where it was to where it is, of an entry by its `seq` and of a visitor message
    # by the count of them up to it; None for one that there is not.
    entry: Callable[[Place], Place | None]
    visitor_message: Callable[[Place], Place | None]


@dataclass(frozen=True)
class ConversationsJoined:
    """One conversation holds the other's messages now.

    `group_id` and `agent_ids` are those of the one that was merged, from before.
    """

    kept_id: int
    merged_id: int
    group_id: int | None
    agent_ids: tuple[int, ...]


@dataclass(frozen=True)
class ConversationSplit:
    """Its last entries are those of a new conversation, in which the visitor goes on."""

    conversation_id: int
    new_id: int


message_posted = Signal()
conversation_moved = Signal()
entries_moved = Signal()
conversations_joined = Signal()
conversation_split = Signal()
profile_moved = Signal()
visitor_saw = Signal()
agent_saw = Signal()
transcript_requested = Signal()
