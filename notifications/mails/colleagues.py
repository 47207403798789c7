"""What colleagues do that concerns an agent: a conversation, a mention in a note."""

from typing import Any

from django.core.mail import EmailMultiAlternatives

from conversations.models import Conversation, Message
from notifications.mails.facts import channel_of, facts_of, quotes_of
from notifications.mails.layout import (
    compose,
    conversation_url,
    letter_for,
    person,
    spoken,
)
from notifications.models import Notification


def assigned_mail(notification: Notification) -> EmailMultiAlternatives:
    message, conversation = _parts(notification)
    letter = letter_for(notification)
    with spoken(letter):
        latest = _latest(conversation)
        context = _context(notification, message, conversation) | {
            "quotes": quotes_of([latest] if latest else []),
            "quoted_language": conversation.language,
        }
        return compose(letter, "assigned", context)


def mentioned_mail(notification: Notification) -> EmailMultiAlternatives:
    message, conversation = _parts(notification)
    if not message.is_note:
        raise ValueError("a mention outside a note")
    letter = letter_for(notification)
    with spoken(letter):
        context = _context(notification, message, conversation) | {
            "quotes": quotes_of([message]),
            # Which language colleagues write among themselves is not known.
            "quoted_language": "",
        }
        return compose(letter, "mentioned", context)


def _context(
    notification: Notification, message: Message, conversation: Conversation
) -> dict[str, Any]:
    return {
        "author": person(str(message.agent)) if message.agent else "",
        "at": message.created_at,
        "name": person(conversation.visitor.display_name),
        "channel": channel_of(conversation),
        "url": conversation_url(conversation),
        "facts": facts_of(conversation, notification.account),
    }


def _latest(conversation: Conversation) -> Message | None:
    """What the visitor wrote last."""
    return (
        Message.objects.filter(
            conversation=conversation, kind=Message.Kind.MESSAGE, by_visitor=True
        )
        .order_by("-seq")
        .first()
    )


def _parts(notification: Notification) -> tuple[Message, Conversation]:
    message, conversation = notification.message, notification.conversation
    if message is None or conversation is None:
        raise ValueError("a mail about colleagues without what they did")
    if message.conversation_id != conversation.pk:
        raise ValueError("an entry of another conversation")
    return message, conversation
