"""Fragments for pushes: rendered once per language, for whoever looks on.

What differs from agent to agent (selected, mine, unread, may resolve) is data
on the fragment; the page's script reads it. Times are in the account's zone.
"""

from typing import Any

from django.template.loader import get_template
from django.utils import timezone, translation

from conversations.models import Conversation, Message
from supportdesk.accounts.directory import facts_of

Fragments = dict[str, str]


def render_row(conversation: Conversation) -> Fragments:
    """`conversations/_row.html` in the languages the account's agents read."""
    return _render(
        "conversations/_row.html", {"conversation": conversation}, conversation
    )


def render_message(message: Message) -> Fragments:
    """`conversations/_message.html`, likewise."""
    conversation = message.conversation
    context = {"message": message, "conversation": conversation}
    return _render("conversations/_message.html", context, conversation)


def _render(
    name: str, context: dict[str, Any], conversation: Conversation
) -> Fragments:
    template = get_template(name)
    facts = facts_of(conversation.account_id)
    fragments = {}
    with timezone.override(facts.tz):
        for language in facts.languages:
            with translation.override(language):
                fragments[language] = template.render({**context, "pushed": True})
    return fragments
