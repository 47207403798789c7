"""The one place that adds an entry to a thread."""

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conversations.events import MessagePosted, message_posted
from conversations.models import Attachment, Channel, Conversation, Message
from conversations.services.attachments import CheckedUpload
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from supportdesk.core.rows import columns, instance
from supportdesk.core.text import redact_line

PREVIEW_LENGTH = 200

# One statement, one round trip: locks the row, takes the next numbers, brings the
# list fields up to date, and inserts the entry with them. The WHERE clause says when
# a message needs nothing else: to an open conversation, and from an agent to one that
# somebody answers already.
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
        channel_id = COALESCE(%(of_channel_id)s, channel_id),
        channel_kind = COALESCE(%(of_channel_kind)s, channel_kind)
    WHERE id = %(conversation_id)s AND (
        NOT %(simple)s OR (status = 'open' AND (%(from_visitor)s OR is_assigned))
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


def lock(conversation_id: int) -> Conversation:
    """Lock the row; whoever changes a conversation does it one after another."""
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def append(conversation: Conversation, entry: Entry) -> Message:
    """Add an entry to a conversation whose lock the caller holds."""
    message = _write(conversation.pk, entry, simple=False)
    if message is None:
        raise Conversation.DoesNotExist
    for name in _ADVANCED:
        setattr(conversation, name, getattr(message.conversation, name))
    return message


def append_if_simple(conversation_id: int, entry: Entry) -> Message | None:
    """Add a message that changes nothing but the thread; None if it would."""
    return _write(conversation_id, entry, simple=True)


def append_event(
    conversation: Conversation,
    event: Message.Event,
    *,
    agent: User | None = None,
    data: dict[str, Any] | None = None,
    changed: Sequence[str] = (),
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
        ),
    )


def stored_message(
    error: IntegrityError, conversation_id: int, client_id: uuid.UUID | None
) -> Message:
    """The message that was stored before under this `client_id`.

    The unique constraint is what recognises a retry: asking first would cost every
    message a query, and would not see a first try that is about to commit.
    """
    if client_id is None:
        raise error
    message = Message.objects.filter(
        conversation_id=conversation_id, client_id=client_id
    ).first()
    if message is None:
        raise error
    return message


def _write(conversation_id: int, entry: Entry, *, simple: bool) -> Message | None:
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
    # Groups of digits that stood lines apart are neighbours here.
    line = redact_line(entry.text, PREVIEW_LENGTH)
    if not line and entry.uploads:
        line = entry.uploads[0].name
    return line[:PREVIEW_LENGTH]
