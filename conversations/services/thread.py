"""The one place that adds an entry to a thread; its callers hold the row's lock."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from conversations.events import MessagePosted, message_posted
from conversations.models import Attachment, Channel, Conversation, Message
from conversations.services.attachments import CheckedUpload
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit

PREVIEW_LENGTH = 200


def lock(conversation_id: int, client_id: uuid.UUID | None = None) -> Conversation:
    """Lock the row; whoever changes a conversation does it one after another.

    With `client_id` the row also says (`already_posted`) whether that message is
    stored, in the same query.
    """
    rows = Conversation.objects.select_for_update(of=("self",))
    if client_id is not None:
        posted = Message.objects.filter(
            conversation=OuterRef("pk"), client_id=client_id
        )
        rows = rows.annotate(already_posted=Exists(posted))
    return rows.get(pk=conversation_id)


def append(
    conversation: Conversation,
    *,
    kind: Message.Kind,
    public: bool,
    agent: User | None = None,
    by_visitor: bool = False,
    channel: Channel | None = None,
    text: str = "",
    hidden_cards: int = 0,
    event: str = "",
    data: dict[str, Any] | None = None,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
    changed: Sequence[str] = (),
) -> Message:
    """Insert the next entry and bring the row's counters and list fields up to it.

    `changed` names fields of the row that the caller changed and wants saved in
    the same UPDATE.
    """
    now = timezone.now()
    fields = {"last_seq", *changed}
    conversation.last_seq += 1
    if public:
        conversation.last_public_seq += 1
        fields.add("last_public_seq")
    if kind == Message.Kind.MESSAGE:
        conversation.preview = _preview(text, uploads)
        conversation.preview_by_agent = not by_visitor
        conversation.last_activity_at = now
        fields |= {"preview", "preview_by_agent", "last_activity_at", "waiting_since"}
        if by_visitor:
            conversation.visitor_message_count += 1
            conversation.waiting_since = conversation.waiting_since or now
            fields.add("visitor_message_count")
        else:
            conversation.waiting_since = None
    message = Message.objects.create(
        conversation=conversation,
        seq=conversation.last_seq,
        public_seq=conversation.last_public_seq if public else None,
        kind=kind,
        agent=agent,
        by_visitor=by_visitor,
        channel=channel,
        text=text,
        hidden_cards=hidden_cards,
        attachment_count=len(uploads),
        event=event,
        data=data or {},
        client_id=client_id,
        created_at=now,
    )
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
    conversation.save(update_fields=sorted(fields))
    emit_on_commit(
        message_posted,
        MessagePosted(conversation_id=conversation.pk, message_id=message.pk),
    )
    return message


def append_event(
    conversation: Conversation,
    event: Message.Event,
    *,
    agent: User | None = None,
    data: dict[str, Any] | None = None,
    changed: Sequence[str] = (),
) -> Message:
    """Write an event line: timeline, audit trail and source of reports in one."""
    return append(
        conversation,
        kind=Message.Kind.EVENT,
        public=event in Message.PUBLIC_EVENTS,
        agent=agent,
        event=event,
        data=data,
        changed=changed,
    )


def _preview(text: str, uploads: Sequence[CheckedUpload]) -> str:
    line = " ".join(text.split())
    if not line and uploads:
        line = uploads[0].name
    return line[:PREVIEW_LENGTH]
