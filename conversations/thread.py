"""The thread of one conversation, ready to be drawn: entries, days, who has seen what."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    JSONField,
    Q,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from conversations.models import Conversation, Message
from supportdesk.accounts.models import User
from visitors.standing import has_block, has_merge
from visitors.trail import Glance, glance_expression, read_glance

PAGE_SIZE = 40
MAX_CATCH_UP = 500
CONTINUED = timedelta(minutes=5)
MAX_PREVIOUS = 30


@dataclass(frozen=True)
class Entry:
    """A message and how it stands to the one before."""

    message: Message
    starts_day: bool
    cont: bool
    seen: bool


@dataclass
class Thread:
    """A stretch of entries, oldest first."""

    entries: list[Entry]
    has_older: bool = False
    has_newer: bool = False

    @property
    def first_seq(self) -> int:
        return self.entries[0].message.seq if self.entries else 0

    @property
    def last_seq(self) -> int:
        return self.entries[-1].message.seq if self.entries else 0


@dataclass(frozen=True)
class Opened:
    """A conversation with what its page and the visitor's card show at once."""

    conversation: Conversation
    # All that the agent may see of the visitor's, newest first, this one among them.
    conversations: list[Conversation]
    total: int
    glance: Glance

    @property
    def has_block(self) -> bool:
        return bool(self.conversation.has_block)  # type: ignore[attr-defined]

    @property
    def has_merge(self) -> bool:
        return bool(self.conversation.has_merge)  # type: ignore[attr-defined]


def open_conversation(agent: User, public_id: UUID) -> Opened:
    """The conversation, the visitor's others and the last visit: one query.

    Raises Http404 for one that the agent may not see.
    """
    visible = Conversation.objects.visible_to(agent)
    this = Q(public_id=public_id)
    visitor = visible.filter(this).values("visitor_id")
    is_this = Case(
        When(this, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    glance = Case(
        When(this, then=glance_expression("visitor_id")), output_field=JSONField()
    )
    found = list(
        visible.filter(visitor_id=Subquery(visitor))
        .with_row()
        .with_unread(agent)
        .with_following(agent)
        .annotate(
            glance=glance,
            own_seen=Coalesce(F("own_read__seen_seq"), Value(0)),
            total=Window(Count("pk")),
            has_block=Case(When(this, then=has_block("visitor"))),
            has_merge=Case(When(this, then=has_merge("visitor"))),
        )
        .order_by(is_this.desc(), "-last_activity_at")[: MAX_PREVIOUS + 1]
    )
    if not found:
        raise Http404
    return Opened(
        found[0],
        sorted(found, key=lambda each: each.last_activity_at, reverse=True),
        found[0].total,
        read_glance(found[0].glance),
    )


def read_latest(conversation: Conversation) -> Thread:
    return read_older(conversation, conversation.last_seq + 1)


def read_older(conversation: Conversation, before: int) -> Thread:
    """A page of what came before `before`."""
    before = min(before, conversation.last_seq + 1)
    # `seq` has no gaps: the page is a range, and nothing has to be counted.
    first = max(before - PAGE_SIZE, 1)
    messages = _read(conversation, first - 1, before)
    # One more than shown: whether the first continues it, or begins a day.
    context = messages.pop(0) if messages and messages[0].seq < first else None
    return Thread(
        _entries(conversation, messages, context),
        has_older=context is not None,
        has_newer=before <= conversation.last_seq,
    )


def read_around(conversation: Conversation, seq: int) -> Thread:
    """A page with this entry in its middle, as far as the thread goes on after it."""
    return read_older(conversation, seq + PAGE_SIZE // 2)


def read_newer(conversation: Conversation, after: int) -> Thread:
    """What came after `after`, for a page that catches up."""
    messages = _read(conversation, after, after + 1 + MAX_CATCH_UP)
    context = messages.pop(0) if messages and messages[0].seq == after else None
    return Thread(
        _entries(conversation, messages, context), has_older=context is not None
    )


def _read(conversation: Conversation, first: int, before: int) -> list[Message]:
    messages = conversation.messages.filter(seq__gte=first, seq__lt=before)
    return list(messages.order_by("seq").for_thread())


def _entries(
    conversation: Conversation, messages: list[Message], context: Message | None
) -> list[Entry]:
    seen = _last_seen(conversation, messages)
    entries = []
    previous = context
    for message in messages:
        starts_day = previous is None or _day(previous) != _day(message)
        entries.append(
            Entry(
                message=message,
                starts_day=starts_day,
                cont=not starts_day and _continues(previous, message),
                seen=message.seq == seen,
            )
        )
        previous = message
    return entries


def _last_seen(conversation: Conversation, messages: list[Message]) -> int:
    """The newest answer, if the visitor has it before them; else none is marked."""
    for message in reversed(messages):
        if message.by_visitor or message.public_seq is None or message.is_event:
            continue
        if message.public_seq <= conversation.visitor_seen_seq:
            return message.seq
    return 0


def _day(message: Message) -> object:
    return timezone.localtime(message.created_at).date()


def _continues(previous: Message | None, message: Message) -> bool:
    if previous is None or previous.is_event or message.is_event:
        return False
    same = (previous.kind, previous.by_visitor, previous.agent_id) == (
        message.kind,
        message.by_visitor,
        message.agent_id,
    )
    return same and message.created_at - previous.created_at < CONTINUED
