"""Refusals of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from conversations.models import Conversation, Message


class ConversationError(Exception):
    """A refusal whose message may be shown to the person who asked."""


class NotAllowed(ConversationError):
    """The agent sees the conversation but may not do this with it."""


class AttachmentError(ConversationError):
    """A file that is not taken: too large, of a wrong type, or broken."""


class TookTooLong(ConversationError):
    """A search that PostgreSQL was not done with in time."""


class AnsweredMeanwhile(ConversationError):
    """A colleague has answered after what the agent had seen; nothing was stored.

    `message` is the newest such answer, with its agent. Who sends again with
    `seen_seq` and `numbering` has seen it.
    """

    def __init__(self, message: Message, conversation: Conversation) -> None:
        name = message.agent or _("Former colleague")
        super().__init__(_("%(name)s answered meanwhile.") % {"name": name})
        self.message = message
        self.seen_seq = conversation.last_seq
        self.numbering = conversation.numbering
