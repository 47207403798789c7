"""The one place that adds an entry to a thread."""

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conversations.access import may_see
from conversations.events import MessagePosted, message_posted
from conversations.exceptions import AnsweredMeanwhile
from conversations.models import (
    Attachment,
    Channel,
    Conversation,
    ConversationRead,
    Message,
)
from conversations.services.attachments import CheckedUpload
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from supportdesk.core.rows import columns, instance
from supportdesk.core.text import redact_line

PREVIEW_LENGTH = 200

# One statement, one round trip: locks the row, takes the next numbers, brings the
# list fields up to date, and inserts the entry with them. The WHERE clause says when
# a message needs nothing else: from a visitor to an open conversation that is not
# snoozed and in which they go on; from an agent to one that somebody answers already
# and that was not missed, of which they have seen all and which they still may see.
# Whether what they have not seen is a colleague's answer cannot be asked here: after
# the wait for the lock a statement sees this row as it is now, but every other one as
# it was before.
_WRITE = """
WITH advanced AS (
    UPDATE conversations_conversation SET
        last_seq = last_seq + 1,
        last_public_seq = last_public_seq + %(public)s::int,
        visitor_message_count = visitor_message_count + %(from_visitor)s::int,
        preview = CASE WHEN %(talk)s THEN %(preview)s ELSE preview END,
        preview_by_agent =
            CASE WHEN %(talk)s THEN NOT %(from_visitor)s ELSE preview_by_agent END,
        last_activity_at = CASE
            -- The clock was read before the wait for the lock: it must not run back.
            WHEN %(talk)s THEN GREATEST(last_activity_at, %(now)s)
            ELSE last_activity_at
        END,
        waiting_since = CASE
            WHEN NOT %(talk)s THEN waiting_since
            WHEN %(from_visitor)s THEN COALESCE(waiting_since, %(now)s)
        END,
        missed_at = CASE
            WHEN NOT %(talk)s OR %(from_visitor)s THEN missed_at
        END,
        channel_id = COALESCE(%(of_channel_id)s, channel_id),
        channel_kind = COALESCE(%(of_channel_kind)s, channel_kind)
    WHERE id = %(conversation_id)s AND (
        NOT %(simple)s
        OR (
            status = 'open'
            AND (
                %(seen_seq)s::int IS NULL
                OR last_seq = %(seen_seq)s::int
                    AND numbering = COALESCE(%(numbering)s::int, numbering)
            )
            AND CASE
                WHEN %(from_visitor)s THEN
                    snoozed_until IS NULL AND continued_in_id IS NULL
                ELSE is_assigned AND missed_at IS NULL
                    AND account_id = %(account_id)s::bigint AND (
                        %(sees_all_groups)s
                        OR group_id IS NULL
                        OR group_id = ANY(%(group_ids)s::bigint[])
                        OR %(agent_id)s::bigint = ANY(assignee_ids)
                    )
            END
        )
    )
    RETURNING *
), inserted AS (
    INSERT INTO conversations_message
        (conversation_id, seq, public_seq, created_at, {columns})
    SELECT
        id,
        last_seq,
        CASE WHEN %(public)s THEN last_public_seq END,
        CASE WHEN %(talk)s THEN last_activity_at ELSE %(now)s END,
        {values}
    FROM advanced
    RETURNING id
)
SELECT inserted.id, {conversation} FROM inserted, advanced
"""
_ADVANCED = (
    "last_seq",
    "last_public_seq",
    "visitor_message_count",
    "preview",
    "preview_by_agent",
    "last_activity_at",
    "waiting_since",
    "missed_at",
    "channel_id",
    "channel_kind",
)


# What the message brings itself; the rest the statement takes from the conversation.
_OWN_FIELDS = tuple(
    field
    for field in Message._meta.concrete_fields
    if field.name not in {"id", "conversation", "seq", "public_seq", "created_at"}
)
_STATEMENT = _WRITE.format(
    columns=", ".join(str(field.column) for field in _OWN_FIELDS),
    values=", ".join(f"%({field.column})s" for field in _OWN_FIELDS),
    conversation=columns(Conversation, "advanced"),
)


@dataclass(frozen=True)
class Entry:
    """What is to be added: checked, cleaned and redacted."""

    kind: Message.Kind
    public: bool
    agent: User | None = None
    by_visitor: bool = False
    channel: Channel | None = None
    text: str = ""
    hidden_cards: int = 0
    event: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    client_id: uuid.UUID | None = None
    uploads: Sequence[CheckedUpload] = ()


class Seen(NamedTuple):
    """The last entry that somebody has seen, and by which numbering of the thread."""

    seq: int
    # None where that is not said: of a page from before it was.
    numbering: int | None = None

    def is_void(self, conversation: Conversation) -> bool:
        """Whether the entries have got other numbers since."""
        if self.seq > conversation.last_seq:
            return True
        return self.numbering not in (None, conversation.numbering)


def lock(conversation_id: int) -> Conversation:
    """Lock the row; whoever changes a conversation does it one after another.

    Of one that was merged into another, perhaps while we waited, it is that one.
    """
    rows = Conversation.objects.select_for_update()
    while (conversation := rows.filter(pk=conversation_id).first()) is None:
        pointers = Conversation.with_merged.values_list("merged_into_id", flat=True)
        conversation_id = pointers.get(pk=conversation_id)
    return conversation


def lock_seen(conversation_id: int, by: User | None) -> Conversation:
    """Lock the row for an agent who still sees it then; without one the desk does it.

    While we waited it may have been handed to others, or become part of what the agent
    does not see. Raises Conversation.DoesNotExist, as for what was never in sight.
    """
    conversation = lock(conversation_id)
    if by is not None and not may_see(by, conversation, conversation.assignee_ids):
        raise Conversation.DoesNotExist
    return conversation


def append(conversation: Conversation, entry: Entry) -> Message:
    """Add an entry to a conversation whose lock the caller holds."""
    was_missed = conversation.missed_at is not None
    message = _write(conversation.pk, entry, simple=False)
    if message is None:
        raise Conversation.DoesNotExist
    # Known before the commit, and so before anybody is told.
    message.ends_missed = was_missed and message.conversation.missed_at is None
    for name in _ADVANCED:
        setattr(conversation, name, getattr(message.conversation, name))
    return message


def append_if_simple(
    conversation_id: int, entry: Entry, *, seen: Seen | None = None
) -> Message | None:
    """Add a message that changes nothing but the thread; None if it would.

    With `seen` None also if that is not its last entry, and None to an agent who does
    not see the conversation.
    """
    return _write(conversation_id, entry, simple=True, seen=seen)


def append_event(
    conversation: Conversation,
    event: Message.Event,
    *,
    agent: User | None = None,
    data: dict[str, Any] | None = None,
    changed: Sequence[str] = (),
    client_id: uuid.UUID | None = None,
) -> Message:
    """Write an event line: timeline, audit trail and source of reports in one.

    `changed` names fields of the row that the caller changed and wants saved.
    """
    if changed:
        conversation.save(update_fields=list(changed))
    return append(
        conversation,
        Entry(
            kind=Message.Kind.EVENT,
            public=event in Message.PUBLIC_EVENTS,
            agent=agent,
            event=event,
            data=data or {},
            client_id=client_id,
        ),
    )


def stored_message(
    error: IntegrityError | AnsweredMeanwhile,
    conversation_id: int,
    client_id: uuid.UUID | None,
) -> Message:
    """The message that was stored before under this `client_id`, or else the error.

    The unique constraint is what recognises a retry: asking first would cost every
    message a query, and would not see a first try that is about to commit. Of a retry
    that is refused, the first try may have been stored before the colleague's answer.
    """
    if client_id is None:
        raise error
    holding = Conversation.objects.holding(pk=conversation_id)
    message = Message.objects.filter(
        conversation__in=holding, client_id=client_id
    ).first()
    if message is None:
        raise error
    return message


def refuse_if_answered(conversation: Conversation, agent: User, seen: Seen) -> None:
    """Raise AnsweredMeanwhile if a colleague's answer came after what was seen.

    The caller holds the lock, so that of two who answer at once one is told.
    """
    seen_seq = seen.seq
    if seen.is_void(conversation):
        # What the agent has read keeps up with the numbers.
        reads = ConversationRead.objects.filter(conversation=conversation, agent=agent)
        seen_seq = reads.values_list("seen_seq", flat=True).first() or 0
    answers = conversation.messages.filter(
        seq__gt=seen_seq, kind=Message.Kind.MESSAGE, by_visitor=False
    )
    newest = answers.exclude(agent=agent).select_related("agent").order_by("seq").last()
    if newest is not None:
        raise AnsweredMeanwhile(newest, conversation)


def _write(
    conversation_id: int, entry: Entry, *, simple: bool, seen: Seen | None = None
) -> Message | None:
    talk = entry.kind == Message.Kind.MESSAGE
    message = Message(
        kind=entry.kind,
        agent=entry.agent,
        by_visitor=entry.by_visitor,
        channel=entry.channel,
        text=entry.text,
        hidden_cards=entry.hidden_cards,
        attachment_count=len(entry.uploads),
        event=entry.event,
        data=entry.data,
        client_id=entry.client_id,
    )
    now = timezone.now()
    values: dict[str, Any] = {
        str(field.column): field.get_db_prep_save(
            getattr(message, field.attname), connection
        )
        for field in _OWN_FIELDS
    }
    values |= {
        "conversation_id": conversation_id,
        "simple": simple,
        "seen_seq": seen.seq if seen else None,
        "numbering": seen.numbering if seen else None,
        **_sight(entry.agent if simple else None),
        "public": entry.public,
        "talk": talk,
        "from_visitor": talk and entry.by_visitor,
        "preview": _preview(entry),
        "now": now,
        "of_channel_id": entry.channel.pk if entry.channel else None,
        "of_channel_kind": entry.channel.kind if entry.channel else None,
    }
    # Alone the statement is a transaction; files need one around both.
    with transaction.atomic() if entry.uploads else nullcontext():
        with connection.cursor() as cursor:
            cursor.execute(_STATEMENT, values)
            row = cursor.fetchone()
        if row is None:
            return None
        conversation = instance(Conversation, row[1:])
        message.pk, message.conversation = row[0], conversation
        message.seq = conversation.last_seq
        message.public_seq = conversation.last_public_seq if entry.public else None
        message.created_at = conversation.last_activity_at if talk else now
        message._state.adding = False
        _store_files(message, entry.uploads)
        emit_on_commit(
            message_posted,
            MessagePosted(
                conversation_id=conversation.pk, message_id=message.pk, message=message
            ),
        )
    return message


def _sight(agent: User | None) -> dict[str, Any]:
    """What `may_see` asks of an agent, for the statement."""
    sees_all = agent is None or agent.sees_all_groups
    return {
        "account_id": agent.account_id if agent else None,
        "sees_all_groups": sees_all,
        "group_ids": [] if agent is None or sees_all else sorted(agent.group_ids),
    }


def _store_files(message: Message, uploads: Sequence[CheckedUpload]) -> None:
    for upload in uploads:
        Attachment.objects.create(
            message=message,
            file=upload.file,
            name=upload.name,
            content_type=upload.content_type,
            size=upload.size,
            width=upload.width,
            height=upload.height,
        )


def _preview(entry: Entry) -> str:
    return preview(entry.text, entry.uploads[0].name if entry.uploads else "")


def preview(text: str, file_name: str) -> str:
    """What a list row shows of a message: its text in one line, else its first file."""
    # Groups of digits that stood lines apart are neighbours here.
    line = redact_line(text, PREVIEW_LENGTH)
    return (line or file_name)[:PREVIEW_LENGTH]
