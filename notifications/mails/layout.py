"""What all mails have in common: addresses, headers, language, rendering."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from conversations.models import Conversation
from notifications.models import Notification
from notifications.reply_addresses import reply_address
from notifications.unsubscribing import unsubscribe_url
from supportdesk.accounts.models import Account
from supportdesk.core.redaction import MARKER_RE
from supportdesk.core.text import clean_line

NAME_LENGTH = 80


@dataclass(frozen=True)
class Letter:
    """Whom a mail goes to, in which language, and what its headers say of it."""

    account: Account
    recipient: str
    language: str
    message_id: uuid.UUID
    by_agent: bool = False
    thread: str = ""
    reply_to: str = ""
    unsubscribe: str = ""


def letter_for(notification: Notification) -> Letter:
    """A letter to an agent or to an address that the account's settings name.

    An agent's goes to the address that is theirs now.
    """
    account, agent = notification.account, notification.agent
    conversation_id = notification.conversation_id
    recipient = agent.email if agent else notification.recipient_email
    reply_to = None
    # Who answers a colleague's note must not find it at the visitor's.
    about_visitor = notification.kind != Notification.Kind.MENTIONED
    if agent is not None and conversation_id is not None and about_visitor:
        reply_to = reply_address(conversation_id=conversation_id, agent_id=agent.pk)
    return Letter(
        account=account,
        recipient=recipient,
        language=agent.language if agent else account.language,
        message_id=notification.public_id,
        by_agent=agent is not None,
        thread=_thread(notification.conversation, recipient),
        reply_to=reply_to or "",
        unsubscribe=unsubscribe_url(notification) or "",
    )


@contextmanager
def spoken(letter: Letter) -> Iterator[None]:
    """Texts in the recipient's language, times in the account's zone."""
    with translation.override(letter.language), timezone.override(letter.account.tz):
        yield


def compose(
    letter: Letter, name: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    """The finished mail of the templates `name`; call it within `spoken`."""
    context = context | frame(letter)
    template = f"notifications/email/{name}"
    subject = render_to_string(f"{template}.subject.txt", context)
    mail = EmailMultiAlternatives(
        subject=clean_line(subject, 200),
        body=render_to_string(f"{template}.txt", context),
        from_email=_sender(letter.account),
        to=[letter.recipient],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers=_headers(letter),
    )
    mail.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return mail


def frame(letter: Letter) -> dict[str, Any]:
    """What the templates need around their own contents."""
    return {
        "account": clean_line(letter.account.name, 120),
        "language": translation.get_language(),
        "by_agent": letter.by_agent,
        "can_reply": bool(letter.reply_to),
        "unsubscribe_url": letter.unsubscribe,
        "preferences_url": preferences_url(),
    }


def installation_id() -> str:
    """Marks what this desk has sent: coming back, it is a loop."""
    return _secret("loop", settings.SITE_URL)


def conversation_url(conversation: Conversation) -> str:
    path = reverse("conversations:conversation", args=[conversation.public_id])
    return f"{settings.SITE_URL}{path}"


def preferences_url() -> str:
    return f"{settings.SITE_URL}{reverse('notifications:preferences')}"


def person(name: str) -> str:
    """A name for a sentence or a subject: one line, not too long."""
    return clean_line(name, NAME_LENGTH)


def with_words(text: str) -> str:
    """Markers of hidden card numbers as words of the reader's language."""
    return MARKER_RE.sub(_hidden_card, text)


def _hidden_card(found: re.Match[str]) -> str:
    return _("[card number hidden ····%(digits)s]") % {"digits": found[1]}


def _sender(account: Account) -> str:
    # The desk's own domain: another one would fail the checks of mail servers.
    return formataddr((clean_line(account.name, 120), _desk_address()))


def _headers(letter: Letter) -> dict[str, str]:
    headers = {
        "Message-ID": f"<{letter.message_id}@{mail_domain()}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Desk-Loop": installation_id(),
    }
    if letter.thread:
        headers |= {"In-Reply-To": letter.thread, "References": letter.thread}
    if letter.unsubscribe:
        headers |= {
            "List-Unsubscribe": f"<{letter.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return headers


def _thread(conversation: Conversation | None, recipient: str) -> str:
    """A Message-ID that no mail has: the root of one conversation's mails to one person.

    Made with a secret, for whoever can guess such ids can write into threads.
    """
    if conversation is None:
        return ""
    root = _secret("thread", f"{conversation.public_id} {recipient}")
    return f"<{root}@{mail_domain()}>"


def _secret(purpose: str, value: str) -> str:
    mac = salted_hmac(f"notifications.{purpose}", value, algorithm="sha256")
    return mac.hexdigest()[:32]


def _desk_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def mail_domain() -> str:
    return _desk_address().rpartition("@")[2]
