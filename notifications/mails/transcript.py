"""The conversation by mail, for its visitor."""

from dataclasses import dataclass, field
from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.visitor_view import agent_for_visitor
from notifications.mails.layout import Letter, compose, spoken, with_words
from notifications.models import Notification
from supportdesk.accounts.models import Account
from supportdesk.core.text import clean_line

# More would not be read, and mail servers refuse what is too large.
MAX_MESSAGES = 500


@dataclass(frozen=True)
class Line:
    """One message as the visitor's transcript shows it."""

    author: str
    by_visitor: bool
    at: datetime
    text: str
    files: list[str] = field(default_factory=list)


def transcript_mail(notification: Notification) -> EmailMultiAlternatives:
    """The conversation as its visitor saw it, in their language."""
    conversation = notification.conversation
    if conversation is None:
        raise ValueError("a transcript without its conversation")
    letter = Letter(
        account=notification.account,
        recipient=notification.recipient_email,
        language=conversation.visitor.language,
        message_id=notification.public_id,
    )
    with spoken(letter):
        lines = transcript_lines(conversation, notification.account)
        context = {
            "lines": lines[-MAX_MESSAGES:],
            "is_cut": len(lines) > MAX_MESSAGES,
        }
        return compose(letter, "transcript", context)


def transcript_lines(conversation: Conversation, account: Account) -> list[Line]:
    """The newest public messages in their order, one more than a mail takes."""
    messages = (
        Message.objects.public()
        .filter(conversation=conversation, kind=Message.Kind.MESSAGE)
        .for_thread()
        .order_by("-seq")[: MAX_MESSAGES + 1]
    )
    return [_line(message, account) for message in reversed(messages)]


def _line(message: Message, account: Account) -> Line:
    if message.by_visitor:
        author = _("You")
    elif message.agent is not None:
        author = agent_for_visitor(message.agent)["name"] or account.name
    else:
        author = account.name
    return Line(
        author=clean_line(author, 120),
        by_visitor=message.by_visitor,
        at=message.created_at,
        text=with_words(message.text),
        files=[attachment.name for attachment in message.attachments.all()],
    )
