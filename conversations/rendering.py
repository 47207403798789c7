"""Fragments for pushes: rendered once per language, for whoever looks on.

What differs from agent to agent (selected, mine, unread, may resolve) is data
on the fragment; the page's script reads it. Times are in the account's zone.
"""

from collections.abc import Callable

from django.conf import settings
from django.template.loader import get_template
from django.utils import timezone, translation

from conversations.models import Conversation, Message

Fragments = dict[str, str]


def per_language(
    conversation: Conversation, render: Callable[[], str]
) -> Fragments:
    fragments = {}
    with timezone.override(conversation.account.tz):
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                fragments[language] = render()
    return fragments


def render_row(conversation: Conversation) -> Fragments:
    """`conversations/_row.html`; expects `with_row()`."""
    template = get_template("conversations/_row.html")
    context = {"conversation": conversation, "pushed": True}
    return per_language(conversation, lambda: template.render(context))


def render_message(message: Message, conversation: Conversation) -> Fragments:
    """`conversations/_message.html`; expects `for_thread()`."""
    template = get_template("conversations/_message.html")
    context = {"message": message, "conversation": conversation, "pushed": True}
    return per_language(conversation, lambda: template.render(context))
