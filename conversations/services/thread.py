"""The one place that adds an entry to a thread."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection
from django.utils import timezone

from conversations.events import MessagePosted, message_posted
from conversations.models import Attachment, Channel, Conversation, Message
from conversations.services.attachments import CheckedUpload
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from supportdesk.core.rows import columns, instance
from supportdesk.core.text import redact_line

PREVIEW_LENGTH = 200

# Locks the row, takes the next numbers and brings the list fields up to date in
# one statement. The WHERE clause says when a message needs nothing else: to an
# open conversation, and from an agent to one that somebody answers already.
_ADVANCE = """
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
    channel_id = COALESCE(%(channel_id)s, channel_id),
    channel_kind = COALESCE(%(channel_kind)s, channel_kind)
WHERE id = %(id)s AND (
    NOT %(simple)s OR (status = 'open' AND (%(from_visitor)s OR is_assigned))
)
RETURNING """
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
    advanced = _advance(conversation.pk, entry, simple=False)
    if advanced is None:
        raise Conversation.DoesNotExist
    for name in _ADVANCED:
        setattr(conversation, name, getattr(advanced, name))
    return _insert(conversation, entry)


def append_if_simple(conversation_id: int, entry: Entry) -> Message | None:
    """Add a message that changes nothing but the thread; None if it would."""
    conversation = _advance(conversation_id, entry, simple=True)
    return _insert(conversation, entry) if conversation else None


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


def _advance(
    conversation_id: int, entry: Entry, *, simple: bool
) -> Conversation | None:
    talk = entry.kind == Message.Kind.MESSAGE
    values: dict[str, Any] = {
        "id": conversation_id,
        "simple": simple,
        "public": entry.public,
        "talk": talk,
        "from_visitor": talk and entry.by_visitor,
        "preview": _preview(entry),
        "now": timezone.now(),
        "channel_id": entry.channel.pk if entry.channel else None,
        "channel_kind": entry.channel.kind if entry.channel else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE + columns(Conversation), values)
        row = cursor.fetchone()
    return instance(Conversation, row) if row else None


def _insert(conversation: Conversation, entry: Entry) -> Message:
    talk = entry.kind == Message.Kind.MESSAGE
    message = Message.objects.create(
        conversation=conversation,
        seq=conversation.last_seq,
        public_seq=conversation.last_public_seq if entry.public else None,
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
        created_at=conversation.last_activity_at if talk else timezone.now(),
    )
    for upload in entry.uploads:
        Attachment.objects.create(
            message=message,
            file=upload.file,
            name=upload.name,
            content_type=upload.content_type,
            size=upload.size,
            width=upload.width,
            height=upload.height,
        )
    emit_on_commit(
        message_posted,
        MessagePosted(
            conversation_id=conversation.pk, message_id=message.pk, message=message
        ),
    )
    return message


def _preview(entry: Entry) -> str:
    # Groups of digits that stood lines apart are neighbours here.
    line = redact_line(entry.text, PREVIEW_LENGTH)
    if not line and entry.uploads:
        line = entry.uploads[0].name
    return line[:PREVIEW_LENGTH]
