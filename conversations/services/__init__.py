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
from conversations.services.bulk import in_bulk, undo_in_bulk
from conversations.services.canned_replies import (
    count_canned_reply_use,
    delete_canned_reply,
    open_canned_files,
    save_canned_reply,
)
from conversations.services.channels import create_channel, update_channel
from conversations.services.contact import change_contact
from conversations.services.counting import (
    accounts_in_other_zones,
    count_new_messages,
    merge_tag_figures,
    rebuild_figures,
)
from conversations.services.erasing import delete_files, erase_visitor
from conversations.services.exporting import (
    discard_expired,
    discard_export,
    exports_to_take_up,
    note_conversation_exported,
    note_export_taken,
    request_export,
    write_export,
)
from conversations.services.following import (
    follow_conversation,
    unfollow_conversation,
)
from conversations.services.giving_out import assign_automatically, give_out_waiting
from conversations.services.handing_over import hand_over, left_behind
from conversations.services.joining import join_conversations
from conversations.services.keeping import (
    delete_old_attachments,
    delete_old_conversations,
    delete_old_visitors,
)
from conversations.services.merging import merge_visitors, undo_merge
from conversations.services.posting import (
    add_note,
    post_agent_message,
    post_visitor_message,
    start_conversation,
)
from conversations.services.priority import change_priority
from conversations.services.rating import rate_conversation
from conversations.services.reading import mark_read, mark_seen_by_visitor, mark_unread
from conversations.services.saved_views import delete_view, rename_view, save_view
from conversations.services.searching import (
    index_visitor,
    rebuild_documents,
    update_documents,
)
from conversations.services.snoozing import (
    due_ids,
    snooze_conversation,
    wake_conversation,
    wake_when_due,
)
from conversations.services.splitting import split_conversation
from conversations.services.status import reopen_conversation, resolve_conversation
from conversations.services.tagging import (
    tag_conversation,
    tag_conversation_by_name,
    untag_conversation,
)
from conversations.services.tags import (
    archive_tag,
    change_tag,
    create_tag,
    delete_tag,
    merge_tags,
    restore_tag,
)
from conversations.services.transcripts import request_transcript
from conversations.services.transferring import transfer_conversation
from conversations.services.waiting import mark_missed, note_offline

__all__ = [
    "CheckedUpload",
    "accounts_in_other_zones",
    "add_note",
    "archive_tag",
    "assign_automatically",
    "assign_conversation",
    "block_from_conversation",
    "change_contact",
    "change_group",
    "change_priority",
    "change_tag",
    "check_upload",
    "count_canned_reply_use",
    "count_new_messages",
    "create_channel",
    "create_tag",
    "delete_canned_reply",
    "delete_files",
    "delete_old_attachments",
    "delete_old_conversations",
    "delete_old_visitors",
    "delete_tag",
    "delete_view",
    "discard_expired",
    "discard_export",
    "due_ids",
    "erase_visitor",
    "exports_to_take_up",
    "follow_conversation",
    "give_out_waiting",
    "hand_over",
    "in_bulk",
    "index_visitor",
    "join_conversation",
    "join_conversations",
    "left_behind",
    "mark_missed",
    "mark_read",
    "mark_seen_by_visitor",
    "mark_unread",
    "merge_tag_figures",
    "merge_tags",
    "merge_visitors",
    "note_conversation_exported",
    "note_export_taken",
    "note_offline",
    "open_canned_files",
    "post_agent_message",
    "post_visitor_message",
    "rate_conversation",
    "rebuild_documents",
    "rebuild_figures",
    "rename_view",
    "reopen_conversation",
    "request_export",
    "request_transcript",
    "resolve_conversation",
    "restore_tag",
    "save_canned_reply",
    "save_view",
    "snooze_conversation",
    "split_conversation",
    "start_conversation",
    "tag_conversation",
    "tag_conversation_by_name",
    "transfer_conversation",
    "unassign_conversation",
    "unblock_from_conversation",
    "undo_in_bulk",
    "undo_merge",
    "unfollow_conversation",
    "untag_conversation",
    "update_channel",
    "update_documents",
    "wake_conversation",
    "wake_when_due",
    "write_export",
]
