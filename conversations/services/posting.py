"""Messages and notes: how they enter a conversation, exactly once."""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import AnsweredMeanwhile, ConversationError
from conversations.mentions import mention_data
from conversations.models import Channel, Conversation, Message
from conversations.services.assigning import join
from conversations.services.attachments import CheckedUpload
from conversations.services.continuing import lock_going_on
from conversations.services.snoozing import wake
from conversations.services.status import reopen
from conversations.services.thread import (
    Entry,
    Seen,
    append,
    append_event,
    append_if_simple,
    lock_seen,
    refuse_if_answered,
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
    began it; an agent takes it on, who may be in none of the groups that see it.
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
    if agent is not None:
        join(conversation, agent)
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
    """Store what the visitor wrote; reopen a resolved conversation, wake a snoozed one.

    It goes to what was split off the conversation, if the visitor goes on in that.
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
            conversation = lock_going_on(conversation_id)
            if conversation.pk != conversation_id:
                stored = _stored_elsewhere(conversation, client_id)
                if stored is not None:
                    return stored
                conversation_id = conversation.pk
            if not conversation.is_open:
                reopen(conversation, agent=None)
            elif conversation.snoozed_until is not None:
                wake(conversation, by_message=True)
            return append(conversation, entry)
    except IntegrityError as error:
        return stored_message(error, conversation_id, client_id)


def _stored_elsewhere(
    conversation: Conversation, client_id: uuid.UUID | None
) -> Message | None:
    """What came before the split, under this name: it may be in either part."""
    if client_id is None:
        return None
    return Message.objects.filter(
        conversation__visitor=conversation.visitor_id,
        by_visitor=True,
        client_id=client_id,
    ).first()


def post_agent_message(
    *,
    conversation_id: int,
    agent: User,
    text: str,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
    seen: Seen | None = None,
) -> Message:
    """Store an agent's answer; who answers an unassigned conversation joins it.

    An answer to a resolved conversation opens it again. The same `client_id`
    again returns the stored message. `seen` is the last entry the agent had seen when
    they began: raises AnsweredMeanwhile if a colleague has answered since.
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
            message = append_if_simple(conversation_id, entry, seen=seen)
        if message is not None:
            return message
        with transaction.atomic():
            conversation = lock_seen(conversation_id, agent)
            if seen is not None:
                refuse_if_answered(conversation, agent, seen)
            if not conversation.is_open:
                reopen(conversation, agent=agent)
            if not conversation.is_assigned:
                join(conversation, agent)
            return append(conversation, entry)
    except (IntegrityError, AnsweredMeanwhile) as error:
        return stored_message(error, conversation_id, client_id)


def add_note(
    *,
    conversation_id: int,
    agent: User,
    text: str,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
) -> Message:
    """Store a private note: seen by agents, never by the visitor.

    Its `data` says which colleagues it mentions, see `mentions.py`.
    """
    entry = note_entry(agent, text, client_id=client_id, uploads=uploads)
    try:
        with transaction.atomic():
            return write_note(lock_seen(conversation_id, agent), agent, entry)
    except IntegrityError as error:
        return stored_message(error, conversation_id, client_id)


def note_entry(
    agent: User,
    text: str,
    *,
    client_id: uuid.UUID | None = None,
    uploads: Sequence[CheckedUpload] = (),
) -> Entry:
    """Raises ConversationError for a note that is empty or too long."""
    body, cards = _checked(text, uploads)
    return Entry(
        kind=Message.Kind.NOTE,
        public=False,
        agent=agent,
        text=body,
        hidden_cards=cards,
        client_id=client_id,
        uploads=uploads,
    )


def write_note(conversation: Conversation, agent: User, entry: Entry) -> Message:
    """Add it to a locked conversation; it may name whoever sees that now."""
    data = mention_data(conversation, agent, entry.text)
    return append(conversation, replace(entry, data=data))


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
