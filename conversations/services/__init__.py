"""Every write to a conversation: one function per verb, each its own transaction."""

from conversations.services.assigning import (
    assign_conversation,
    change_group,
    join_conversation,
    unassign_conversation,
)
from conversations.services.attachments import CheckedUpload, check_upload
from conversations.services.blocking import (
    block_from_conversation,
    unblock_from_conversation,
)
from conversations.services.channels import create_channel, update_channel
from conversations.services.contact import change_contact
from conversations.services.erasing import delete_files, erase_visitor
from conversations.services.merging import merge_visitors, undo_merge
from conversations.services.posting import (
    add_note,
    post_agent_message,
    post_visitor_message,
    start_conversation,
)
from conversations.services.rating import rate_conversation
from conversations.services.reading import mark_read, mark_seen_by_visitor, mark_unread
from conversations.services.status import reopen_conversation, resolve_conversation
from conversations.services.transcripts import request_transcript

__all__ = [
    "CheckedUpload",
    "add_note",
    "assign_conversation",
    "block_from_conversation",
    "change_contact",
    "change_group",
    "check_upload",
    "create_channel",
    "delete_files",
    "erase_visitor",
    "join_conversation",
    "mark_read",
    "mark_seen_by_visitor",
    "mark_unread",
    "merge_visitors",
    "post_agent_message",
    "post_visitor_message",
    "rate_conversation",
    "reopen_conversation",
    "request_transcript",
    "resolve_conversation",
    "start_conversation",
    "unassign_conversation",
    "unblock_from_conversation",
    "undo_merge",
    "update_channel",
]
