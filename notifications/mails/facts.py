"""What a mail tells agents of the visitor, and quotes of the thread."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import prefetch_related_objects
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.templatetags.card import place
from notifications.mails.layout import person, with_words
from supportdesk.accounts.models import Account
from supportdesk.core.text import clean_line
from visitors.customer import read_customer
from visitors.models import PageView, Visit

# Longer texts are read in the desk; mail programs cut what is over 100 kB.
MAX_TEXT = 3000
MAX_CUSTOMER_ITEMS = 6
FACT_LENGTH = 200
_is_web = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True)
class Quote:
    """A message as a mail quotes it."""

    at: datetime
    text: str
    files: list[str] = field(default_factory=list)

    @property
    def start(self) -> str:
        """Its beginning in one line, for where mail programs show the first words."""
        return clean_line(self.text, 140) or ", ".join(self.files)

    @property
    def lines(self) -> list[str]:
        """For the text part, which marks each: no message can pass for the mail's."""
        return self.text.splitlines()


@dataclass(frozen=True)
class Fact:
    label: str
    text: str
    link: str = ""

    @property
    def is_page(self) -> bool:
        return self.link.startswith("http")


def quotes_of(messages: Iterable[Message]) -> list[Quote]:
    """Messages as quotes; files are asked for only where there are some."""
    quoted = list(messages)
    prefetch_related_objects(
        [message for message in quoted if message.attachment_count], "attachments"
    )
    return [_quote(message) for message in quoted]


def _quote(message: Message) -> Quote:
    files = message.attachments.all() if message.attachment_count else ()
    return Quote(
        at=message.created_at,
        text=Truncator(with_words(message.text)).chars(MAX_TEXT, truncate="…"),
        files=[clean_line(file.name, 150) for file in files],
    )


def channel_of(conversation: Conversation) -> str:
    """Its kind, and its name if that says more."""
    kind = str(conversation.get_channel_kind_display())
    name = person(conversation.channel.name)
    return kind if name.lower() in {"", kind.lower()} else f"{kind}: {name}"


def facts_of(conversation: Conversation, account: Account) -> list[Fact]:
    """The basics of the visitor card, without what is unknown."""
    visitor = conversation.visitor
    facts = []
    if visitor.email:
        # Quoted: a question mark would begin further recipients.
        link = f"mailto:{quote(visitor.email, safe='@')}"
        facts.append(Fact(_("E-mail"), visitor.email, link))
    if visitor.phone:
        facts.append(_fact(_("Phone"), visitor.phone))
    visit = Visit.objects.filter(visitor=visitor).order_by("-last_seen_at").first()
    url = _page(conversation, visit)
    if url:
        # Its address and not its title, which could promise another one.
        facts.append(_fact(_("Page"), re.sub("^https?://", "", url), url))
    if visit is not None and place(visit):
        facts.append(_fact(_("Location"), place(visit)))
    if conversation.group is not None:
        facts.append(_fact(_("Group"), conversation.group.name))
    for item in read_customer(visitor, account)[:MAX_CUSTOMER_ITEMS]:
        if isinstance(item.value, bool):
            facts.append(Fact(item.label, _("Yes") if item.value else _("No")))
        elif item.value not in (None, ""):
            facts.append(_fact(item.label, str(item.value)))
    return facts


def _fact(label: str, text: str, url: str = "") -> Fact:
    return Fact(
        clean_line(label, 100), with_words(clean_line(text, FACT_LENGTH)), _link(url)
    )


def _link(url: str) -> str:
    try:
        _is_web(url)
    except ValidationError:
        return ""
    return url


def _page(conversation: Conversation, visit: Visit | None) -> str:
    """Where the visitor was last; without visits, where the conversation began."""
    if visit is not None:
        page = PageView.objects.filter(visit=visit).order_by("-at", "-id").first()
        if page is not None:
            return page.url
    started = (
        Message.objects.filter(conversation=conversation, event=Message.Event.STARTED)
        .order_by("seq")
        .first()
    )
    return str(started.data.get("url", "")) if started else ""
