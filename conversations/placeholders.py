"""Placeholders of canned replies: `{visitor.name}`, or `{visitor.name|there}`.

A language of ours with a fixed list of words. Nothing of a text is ever evaluated:
what is not on the list stays as it stands, and so does `{{…}}`, `{%…%}` and `${…}`.
"""

import re
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from supportdesk.accounts.models import User

PLACEHOLDERS = {
    "visitor.name": _("The visitor's name"),
    "visitor.first_name": _("The visitor's first name"),
    "visitor.email": _("The visitor's e-mail address"),
    "agent.name": _("Your name"),
    "agent.first_name": _("Your first name"),
    "account.name": _("The account's name"),
}

# Bounded, so that no text makes it search long.
_PLACEHOLDER = re.compile(
    r"(?<![{$%])\{(?P<name>[\w.]{1,40})(?:\|(?P<fallback>[^{}|\n]{0,100}))?\}(?!\})"
)


def values_for(conversation: Conversation, agent: User) -> dict[str, str]:
    """What each placeholder stands for when this agent answers here; "" if unknown."""
    visitor = conversation.visitor
    return {
        "visitor.name": visitor.name,
        # Without a name both would be a number, which is for agents only.
        "visitor.first_name": visitor.first_name if visitor.name else "",
        "visitor.email": visitor.email,
        "agent.name": agent.name,
        "agent.first_name": agent.first_name if agent.name else "",
        "account.name": conversation.account.name,
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of placeholders, once: they are not searched again."""

    def replaced(found: re.Match[str]) -> str:
        if found["name"] not in values:
            return found[0]
        return values[found["name"]] or found["fallback"] or ""

    return _PLACEHOLDER.sub(replaced, text)


def unknown_placeholders(text: str) -> list[str]:
    """What looks like a placeholder and will stay as it is; each once."""
    found = _PLACEHOLDER.finditer(text)
    unknown = (match[0] for match in found if match["name"] not in PLACEHOLDERS)
    return list(dict.fromkeys(unknown))
