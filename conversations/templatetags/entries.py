"""What an entry of the thread is made of.

A page has forty entries of some sixty values each; as with rows, they are put together
at once, and the template says where they stand.
"""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from conversations.templatetags.desk import avatar, channel_mark, icon, name_of_day
from conversations.templatetags.messages_text import body
from supportdesk.accounts.models import User

register = template.Library()

# Of what stands at the beginning of a conversation, nothing can be split off.
FIRST_SPLIT = 3
_CONVERSATION, _MESSAGE = UUID(int=1), UUID(int=2)
_MARKED_EVENTS = {Message.Event.RESOLVED, Message.Event.MISSED}


@register.simple_tag(takes_context=True)
def entry_parts(
    context: template.Context, message: Message, conversation: Conversation
) -> dict[str, Any]:
    """The attributes and texts of one entry, escaped.

    `cont` in the context says that it goes on with the one before; `hits` where a search
    arrived.
    """
    local = timezone.localtime(message.created_at)
    parts: dict[str, Any] = {
        "moment": local.isoformat(),
        "time": f"{local:%H:%M}",
    }
    parts["attributes"] = _attributes(
        message, local, parts["moment"], is_continued=bool(context.get("cont"))
    )
    if message.is_event:
        return parts
    hits = context.get("hits")
    agent = message.agent
    return parts | {
        "is_hit": hits is not None and hits.at == message.seq,
        "avatar": _avatar(conversation, message, agent),
        "author": _author(conversation, message, agent),
        "channel": _channel(message),
        "text": body(context, message) if message.text else "",
        "is_public_answer": bool(message.public_seq) and not message.by_visitor,
        "has_lost_files": bool(message.data.get("files_deleted")),
        "split": (
            _split_address(conversation, message) if message.seq >= FIRST_SPLIT else ""
        ),
    }


def author_key(message: Message) -> str:
    """Who wrote it: neighbours with the same key stand together."""
    if message.is_event:
        return "event"
    if message.by_visitor:
        return "visitor"
    return f"{'note' if message.is_note else 'agent'}-{message.agent_id or 0}"


def _attributes(
    message: Message, local: datetime, moment: str, *, is_continued: bool
) -> SafeString:
    """Of the `li`; its neighbours and what is pushed are judged by them."""
    day = local.date()
    label = escape(name_of_day(day, timezone.localdate()))
    # Keys, times and choices: nothing else of it was written by anybody.
    return SafeString(
        f'class="{_classes(message)}{" msg--cont" if is_continued else ""}"'
        f' id="message-{message.public_id}" data-seq="{message.seq}"'
        f' data-public-seq="{message.public_seq or ""}"'
        f' data-author="{author_key(message)}" data-at="{moment}"'
        f' data-day="{day.isoformat()}" data-day-label="{label}"'
    )


def _classes(message: Message) -> str:
    if message.event == Message.Event.RATED:
        return "rated"
    if message.is_event:
        is_marked = message.event in _MARKED_EVENTS
        return f"event event--{message.event}" if is_marked else "event"
    if message.is_note:
        return "msg msg--note"
    return "msg msg--visitor" if message.by_visitor else "msg msg--agent"


@cache
def _nobody() -> SafeString:
    return format_html(
        '<span class="avatar avatar--agent" aria-hidden="true">{}</span>', icon("user")
    )


def _avatar(
    conversation: Conversation, message: Message, agent: User | None
) -> SafeString:
    if message.by_visitor:
        return avatar(conversation.visitor)
    return avatar(agent, agent=True) if agent else _nobody()


def _author(
    conversation: Conversation, message: Message, agent: User | None
) -> SafeString:
    if message.by_visitor:
        return escape(conversation.visitor.display_name)
    return escape(agent or _("Former colleague"))


def _channel(message: Message) -> SafeString | str:
    if message.is_note or message.channel is None:
        return ""
    return channel_mark(message.channel.kind, text=False)


def _split_address(conversation: Conversation, message: Message) -> str:
    address = _split_pattern().replace(str(_CONVERSATION), str(conversation.public_id))
    return address.replace(str(_MESSAGE), str(message.public_id))


@cache
def _split_pattern() -> str:
    """Resolved once: the addresses of entries differ by their keys alone."""
    return reverse("conversations:split", args=[_CONVERSATION, _MESSAGE])
