"""What the mails say. They are built anew at each attempt, from what is stored."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.visitor_view import agent_for_visitor
from supportdesk.accounts.models import Account
from supportdesk.core.redaction import MARKER_RE
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


def transcript_mail(
    conversation: Conversation, *, recipient: str, message_id: uuid.UUID
) -> EmailMultiAlternatives:
    """The conversation as its visitor saw it, in their language."""
    account = conversation.account
    with (
        translation.override(conversation.visitor.language),
        timezone.override(account.tz),
    ):
        lines = transcript_lines(conversation)
        context = {
            "account": clean_line(account.name, 120),
            "language": translation.get_language(),
            "lines": lines[-MAX_MESSAGES:],
            "is_cut": len(lines) > MAX_MESSAGES,
        }
        return _mail(
            "transcript", context, account, recipient=recipient, message_id=message_id
        )


def transcript_lines(conversation: Conversation) -> list[Line]:
    """The newest public messages in their order, one more than a mail takes."""
    messages = (
        Message.objects.public()
        .filter(conversation=conversation, kind=Message.Kind.MESSAGE)
        .for_thread()
        .order_by("-seq")[: MAX_MESSAGES + 1]
    )
    return [_line(message, conversation.account) for message in reversed(messages)]


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
        text=MARKER_RE.sub(_hidden_card, message.text),
        files=[attachment.name for attachment in message.attachments.all()],
    )


def _hidden_card(found: re.Match[str]) -> str:
    return _("[card number hidden ····%(digits)s]") % {"digits": found[1]}


def _mail(
    name: str,
    context: dict[str, object],
    account: Account,
    *,
    recipient: str,
    message_id: uuid.UUID,
) -> EmailMultiAlternatives:
    _desk, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    template = f"notifications/email/{name}"
    subject = render_to_string(f"{template}.subject.txt", context)
    mail = EmailMultiAlternatives(
        subject=clean_line(subject, 200),
        body=render_to_string(f"{template}.txt", context),
        from_email=formataddr((clean_line(account.name, 120), address)),
        to=[recipient],
        headers={
            "Auto-Submitted": "auto-generated",
            "Message-ID": f"<{message_id}@{address.rpartition('@')[2]}>",
        },
    )
    mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail
