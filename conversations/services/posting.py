"""Messages and notes: how they enter a conversation, exactly once."""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Channel, Conversation, Message
from conversations.services.assigning import join
from conversations.services.attachments import CheckedUpload
from conversations.services.status import reopen
from conversations.services.thread import (
    Entry,
    append,
    append_event,
    append_if_simple,
    lock,
    stored_message,
)
from supportdesk.accounts.models import AgentGroup, User
from supportdesk.core.text import redact_text
from visitors import services as visitors
from visitors.models import Visitor

MAX_TEXT_LENGTH = 10_000


@transaction.atomic
def start_conversation(
    *,
    visitor: Visitor,
    channel: Channel,
    group: AgentGroup | None = None,
    language: str = "",
    data: dict[str, Any] | None = None,
    agent: User | None = None,
) -> Conversation:
    """Begin a conversation; `data` says from where (`url`, `title`), already redacted.

    It is the profile's that the visitor is part of. Without `agent` the visitor
    began it.
    """
    profile = visitors.lock_profile(visitor.pk)
    conversation = Conversation.objects.create(
        account_id=profile.account_id,
        visitor=profile,
        channel=channel,
        channel_kind=channel.kind,
        group=group,
        language=language or visitor.language,
        last_activity_at=timezone.now(),
    )
    if profile.pk != visitor.pk:
        visitors.note_conversation(visitor=visitor, conversation_id=conversation.pk)
    append_event(conversation, Message.Event.STARTED, agent=agent, data=data)
    return conversation


def is_continued(conversation: Conversation, reopen_window_days: int | None) -> bool:
    """Whether a visitor who writes now goes on with this conversation."""
    if conversation.is_open or reopen_window_days is None:
        return True
    resolved_at = conversation.resolved_at or conversation.last_activity_at
    return timezone.now() - resolved_at <= timedelta(days=reopen_window_days)


def post_visitor_message(
    *,
    conversation_id: int,
    channel: Channel,
    text: str,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
) -> Message:
    """Store what the visitor wrote and reopen a resolved conversation.

    The same `client_id` again returns the stored message. Raises
    ConversationError for a message that is empty or too long.
    """
    body, cards = _checked(text, uploads)
    entry = Entry(
        kind=Message.Kind.MESSAGE,
        public=True,
        by_visitor=True,
        channel=channel,
        text=body,
        hidden_cards=cards,
        client_id=client_id,
        uploads=uploads,
    )
    try:
        with _alone_or_savepoint():
            message = append_if_simple(conversation_id, entry)
        if message is not None:
            return message
        with transaction.atomic():
            conversation = lock(conversation_id)
            if not conversation.is_open:
                reopen(conversation, agent=None)
            return append(conversation, entry)
    except IntegrityError as error:
        return stored_message(error, conversation_id, client_id)


def post_agent_message(
    *,
    conversation_id: int,
    agent: User,
    text: str,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
) -> Message:
    """Store an agent's answer; who answers an unassigned conversation joins it.

    An answer to a resolved conversation opens it again. The same `client_id`
    again returns the stored message.
    """
    body, cards = _checked(text, uploads)
    entry = Entry(
        kind=Message.Kind.MESSAGE,
        public=True,
        agent=agent,
        text=body,
        hidden_cards=cards,
        client_id=client_id,
        uploads=uploads,
    )
    try:
        with _alone_or_savepoint():
            message = append_if_simple(conversation_id, entry)
        if message is not None:
            return message
        with transaction.atomic():
            conversation = lock(conversation_id)
            if not conversation.is_open:
                reopen(conversation, agent=agent)
            if not conversation.is_assigned:
                join(conversation, agent)
            return append(conversation, entry)
    except IntegrityError as error:
        return stored_message(error, conversation_id, client_id)


def add_note(
    *,
    conversation_id: int,
    agent: User,
    text: str,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
) -> Message:
    """Store a private note: seen by agents, never by the visitor."""
    body, cards = _checked(text, uploads)
    entry = Entry(
        kind=Message.Kind.NOTE,
        public=False,
        agent=agent,
        text=body,
        hidden_cards=cards,
        client_id=client_id,
        uploads=uploads,
    )
    try:
        with transaction.atomic():
            return append(lock(conversation_id), entry)
    except IntegrityError as error:
        return stored_message(error, conversation_id, client_id)


def _alone_or_savepoint() -> AbstractContextManager[Any]:
    """A single statement is a transaction; inside another one it may fail alone."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _checked(text: str, uploads: Sequence[CheckedUpload]) -> tuple[str, int]:
    if len(text) > MAX_TEXT_LENGTH:
        raise ConversationError(
            _("The message is too long: at most %(max)s characters.")
            % {"max": MAX_TEXT_LENGTH}
        )
    redacted = redact_text(text)
    if not redacted.text and not uploads:
        raise ConversationError(_("The message is empty."))
    return redacted.text, len(redacted.cards)
