"""Conversations and what belongs to them."""

from conversations.models.canned_reply import CannedReply, CannedReplyFile
from conversations.models.channel import Channel, new_public_key
from conversations.models.conversation import (
    Assignment,
    Conversation,
    ConversationRead,
    Follow,
)
from conversations.models.exporting import Export
from conversations.models.message import (
    Attachment,
    DoomedFile,
    Message,
    attachment_path,
)
from conversations.models.reporting import Figure, FigureCursor, FigureZone
from conversations.models.searching import (
    SavedView,
    SearchDocument,
    SearchProgress,
    SearchWord,
)
from conversations.models.tag import Tag, Tagging

__all__ = [
    "Assignment",
    "Attachment",
    "CannedReply",
    "CannedReplyFile",
    "Channel",
    "Conversation",
    "ConversationRead",
    "DoomedFile",
    "Export",
    "Figure",
    "FigureCursor",
    "FigureZone",
    "Follow",
    "Message",
    "SavedView",
    "SearchDocument",
    "SearchProgress",
    "SearchWord",
    "Tag",
    "Tagging",
    "attachment_path",
    "new_public_key",
]
