"""Visitors who wrote while nobody was online, or left before anybody replied."""

from datetime import datetime
from typing import Any

from django.core.mail import EmailMultiAlternatives

from conversations.models import Conversation, Message
from notifications.mails.facts import Quote, channel_of, facts_of, quotes_of
from notifications.mails.layout import (
    compose,
    conversation_url,
    letter_for,
    person,
    spoken,
)
from notifications.models import Burst, Notification, NotificationSettings
from supportdesk.accounts.models import User

MAX_MESSAGES = 50


def offline_mail(notification: Notification) -> EmailMultiAlternatives:
    burst, conversation = _parts(notification)
    letter = letter_for(notification)
    with spoken(letter):
        context = _context(notification, burst, conversation)
        return compose(letter, "offline", context)


def missed_mail(notification: Notification) -> EmailMultiAlternatives:
    burst, conversation = _parts(notification)
    letter = letter_for(notification)
    with spoken(letter):
        left_at = burst.gone_since or conversation.missed_at or burst.began_at
        context = _context(notification, burst, conversation) | {
            "left_at": left_at,
            "waited": minutes_between(burst.began_at, left_at),
            "online": _online(burst, notification.account_id),
        }
        return compose(letter, "missed", context)


def minutes_between(began: datetime, ended: datetime) -> int:
    """Whole minutes, and never none: somebody did wait."""
    return max(int((ended - began).total_seconds() // 60), 1)


def told_by(burst: Burst) -> tuple[list[Quote], int]:
    """The first messages of a burst, and how many more it has.

    What came after the burst was decided is another burst's to tell of.
    """
    messages = Message.objects.filter(
        conversation=burst.conversation_id,
        kind=Message.Kind.MESSAGE,
        by_visitor=True,
    )
    before = messages.filter(seq__lt=burst.first_seq).count()
    count = max(burst.visitor_messages - before, 0)
    own = messages.filter(seq__gte=burst.first_seq).order_by("seq")
    return quotes_of(own[: min(count, MAX_MESSAGES)]), max(count - MAX_MESSAGES, 0)


def _parts(notification: Notification) -> tuple[Burst, Conversation]:
    if notification.burst is None or notification.conversation is None:
        raise ValueError("a mail about a burst without it")
    return notification.burst, notification.conversation


def _context(
    notification: Notification, burst: Burst, conversation: Conversation
) -> dict[str, Any]:
    """With the visitor's words only if the account lets them leave the desk.

    Otherwise the name stays as well: who writes may put anything into it.
    """
    context: dict[str, Any] = {
        "began_at": burst.began_at,
        "channel": channel_of(conversation),
        "url": conversation_url(conversation),
        "is_full": _is_full(notification),
    }
    if not context["is_full"]:
        return context
    quotes, more = told_by(burst)
    return context | {
        "name": person(conversation.visitor.display_name),
        "has_email": bool(conversation.visitor.email),
        "quotes": quotes,
        "more": more,
        "quoted_language": conversation.language,
        "facts": facts_of(conversation, notification.account),
    }


def _is_full(notification: Notification) -> bool:
    chosen = getattr(notification.account, "notification_settings", None)
    chosen = chosen or NotificationSettings()
    if notification.kind == Notification.Kind.OFFLINE:
        return chosen.offline_with_messages
    return chosen.missed_with_messages


def _online(burst: Burst, account_id: int) -> list[str]:
    """Names of those who were online when the visitor wrote."""
    agents = User.objects.filter(pk__in=burst.online_ids, account=account_id)
    return [person(str(agent)) for agent in agents.order_by("name", "pk")]
