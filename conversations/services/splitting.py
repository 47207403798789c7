"""A conversation that became two: the later part goes on by itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from conversations.events import (
    ConversationSplit,
    EntriesMoved,
    Place,
    conversation_split,
    entries_moved,
)
from conversations.exceptions import ConversationError
from conversations.models import (
    Assignment,
    Conversation,
    ConversationRead,
    Follow,
    Message,
    Tagging,
)
from conversations.services.continuing import going_on
from conversations.services.listing import (
    LAST_WORDS,
    VERDICT,
    last_talk_at,
    set_last_words,
    set_verdict,
    waiting_since,
)
from conversations.services.searching import index_conversations
from conversations.services.thread import append_event, lock
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from visitors import services as visitors

_PARTED = (
    *("numbering", "last_seq", "last_public_seq", "visitor_message_count"),
    *("last_activity_at", "waiting_since", "missed_at"),
    *("visitor_seen_seq", "visitor_seen_at", "agent_seen_seq", "continued_in"),
    *LAST_WORDS,
    *VERDICT,
)
_MOVE = """
UPDATE conversations_message SET
    written_in = COALESCE(written_in, conversation_id),
    conversation_id = %(new)s,
    seq = seq - %(entries)s + 1,
    public_seq = public_seq - %(public)s
WHERE conversation_id = %(old)s AND seq > %(entries)s
"""


@dataclass(frozen=True)
class Cut:
    """What stays before it: entries, public ones, visitor messages.

    The new thread's own first line is its entry 1.
    """

    old_id: int
    new_id: int
    entries: int
    public: int
    visitor_messages: int

    def entry(self, place: Place) -> Place:
        return self._beyond(place, self.entries, before=1)

    def visitor_message(self, place: Place) -> Place:
        return self._beyond(place, self.visitor_messages, before=0)

    def _beyond(self, place: Place, staying: int, *, before: int) -> Place:
        if place.conversation_id != self.old_id or place.number <= staying:
            return place
        return Place(self.new_id, place.number - staying + before)


@transaction.atomic
def split_conversation(*, message: Message, agent: User) -> Conversation:
    """Move this entry and all after it to a new conversation; returns that.

    It is open, of the same visitor, channel and group, with the same tags, assignees
    and followers; the visitor goes on in it. Raises ConversationError for a conversation
    that the agent does not see, and if no message would stay or none would move.
    """
    old = lock(message.conversation_id)
    first = old.messages.filter(pk=message.pk).first()
    visible = Conversation.objects.visible_to(agent).filter(pk=old.pk)
    if first is None or not visible.exists():
        raise ConversationError(_("This message does not exist any more."))
    check_can_split(old, first)
    new = _begin(old, first)
    cut = _cut(old, new, first)
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "old": old.pk,
                "new": new.pk,
                "entries": cut.entries,
                "public": cut.public,
            },
        )
    visitors.note_split(
        visitor_id=old.visitor_id,
        part_of=first.written_in or old.pk,
        conversation_id=new.pk,
    )
    _part_reads(cut)
    _part_rows(old, new, cut)
    entries_moved.send(
        sender=EntriesMoved,
        event=EntriesMoved((old.pk, new.pk), cut.entry, cut.visitor_message),
    )
    # First: the visitor's browsers are in the new one before they hear of it. If that is
    # lost, the old one leads them there.
    emit_on_commit(
        conversation_split, ConversationSplit(conversation_id=old.pk, new_id=new.pk)
    )
    for here, name, there in ((old, "into", new), (new, "from", old)):
        append_event(
            here,
            Message.Event.SPLIT_OFF,
            agent=agent,
            data={name: str(there.public_id)},
        )
    index_conversations(conversation_ids=[old.pk, new.pk], whole=True)
    return new


def check_can_split(conversation: Conversation, first: Message) -> None:
    """Raises ConversationError if no message would stay, or none would move."""
    talk = conversation.messages.filter(kind=Message.Kind.MESSAGE)
    if not talk.filter(seq__lt=first.seq).exists():
        raise ConversationError(
            _("At least one message has to stay: choose a later one.")
        )
    if not talk.filter(seq__gte=first.seq).exists():
        raise ConversationError(
            _("At least one message has to move: choose an earlier one.")
        )


def _begin(old: Conversation, first: Message) -> Conversation:
    new = Conversation.objects.create(
        account_id=old.account_id,
        visitor_id=old.visitor_id,
        channel_id=old.channel_id,
        channel_kind=old.channel_kind,
        group_id=old.group_id,
        language=old.language,
        priority=old.priority,
        is_assigned=old.is_assigned,
        assignee_ids=old.assignee_ids,
        tag_ids=old.tag_ids,
        last_activity_at=first.created_at,
    )
    Assignment.objects.bulk_create(
        Assignment(conversation=new, agent_id=agent_id)
        for agent_id in _ids(Assignment.objects.filter(conversation=old), "agent_id")
    )
    Tagging.objects.bulk_create(
        Tagging(conversation=new, tag_id=tag_id, agent_id=agent_id)
        for tag_id, agent_id in Tagging.objects.filter(conversation=old)
        .order_by("pk")
        .values_list("tag_id", "agent_id")
    )
    Follow.objects.bulk_create(
        Follow(conversation=new, agent_id=agent_id)
        for agent_id in _ids(Follow.objects.filter(conversation=old), "agent_id")
    )
    line = append_event(new, Message.Event.STARTED)
    # It stands before what it begins with, also by its day.
    line.created_at = first.created_at
    line.save(update_fields=["created_at"])
    return new


def _ids(rows, name: str) -> Iterable[int]:  # type: ignore[no-untyped-def]
    return rows.order_by("pk").values_list(name, flat=True)


def _cut(old: Conversation, new: Conversation, first: Message) -> Cut:
    staying = old.messages.filter(seq__lt=first.seq)
    public = staying.aggregate(last=Max("public_seq"))["last"] or 0
    asked = staying.filter(kind=Message.Kind.MESSAGE, by_visitor=True).count()
    return Cut(old.pk, new.pk, first.seq - 1, public, asked)


def _part_reads(cut: Cut) -> None:
    """What an agent has read and not read stays so, on both sides."""
    reads = list(ConversationRead.objects.filter(conversation=cut.old_id))
    ConversationRead.objects.bulk_create(
        ConversationRead(
            conversation_id=cut.new_id,
            agent_id=read.agent_id,
            visitor_messages=max(read.visitor_messages - cut.visitor_messages, 0),
            seen_seq=max(read.seen_seq - cut.entries + 1, 0),
        )
        for read in reads
    )
    for read in reads:
        read.visitor_messages = min(read.visitor_messages, cut.visitor_messages)
        read.seen_seq = min(read.seen_seq, cut.entries)
    ConversationRead.objects.bulk_update(reads, ["visitor_messages", "seen_seq"])


def _part_rows(old: Conversation, new: Conversation, cut: Cut) -> None:
    new.last_seq = old.last_seq - cut.entries + 1
    new.last_public_seq = old.last_public_seq - cut.public
    new.visitor_message_count = old.visitor_message_count - cut.visitor_messages
    new.visitor_seen_seq = max(old.visitor_seen_seq - cut.public, 0)
    new.visitor_seen_at = old.visitor_seen_at if new.visitor_seen_seq else None
    new.agent_seen_seq = max(old.agent_seen_seq - cut.public, 0)
    old.numbering += 1
    # Once they have gone on from here, what is split off later is of the past, too.
    if going_on(old).pk == old.pk:
        old.continued_in = new
    old.last_seq, old.last_public_seq = cut.entries, cut.public
    old.visitor_message_count = cut.visitor_messages
    old.visitor_seen_seq = min(old.visitor_seen_seq, cut.public)
    old.agent_seen_seq = min(old.agent_seen_seq, cut.public)
    missed_at = old.missed_at
    for row in (old, new):
        set_last_words(row)
        set_verdict(row)
        row.last_activity_at = last_talk_at(row) or row.last_activity_at
        row.waiting_since = waiting_since(row) if row.is_open else None
        row.missed_at = missed_at if row.waiting_since else None
        row.save(update_fields=_PARTED)
