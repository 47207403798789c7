from django.urls import path

from conversations.views import (
    actions,
    card,
    card_sections,
    composing,
    files,
    inbox,
    live,
    thread,
    visitor_actions,
)

app_name = "conversations"

urlpatterns = [
    path("", inbox.conversation_list, name="inbox"),
    path("visitors/", live.live_visitors, name="live"),
    path(
        "conversations/files/<uuid:public_id>/",
        files.attachment_download,
        name="attachment",
    ),
    path(
        "conversations/<uuid:public_id>/",
        inbox.conversation_detail,
        name="conversation",
    ),
    path(
        "conversations/<uuid:public_id>/messages/",
        thread.message_list,
        name="messages",
    ),
    path("conversations/<uuid:public_id>/head/", thread.conversation_head, name="head"),
    path(
        "conversations/<uuid:public_id>/reply/",
        composing.conversation_reply,
        name="reply",
    ),
    path(
        "conversations/<uuid:public_id>/note/", composing.conversation_note, name="note"
    ),
    path(
        "conversations/<uuid:public_id>/join/", actions.conversation_join, name="join"
    ),
    path(
        "conversations/<uuid:public_id>/assign/",
        actions.conversation_assign,
        name="assign",
    ),
    path(
        "conversations/<uuid:public_id>/unassign/",
        actions.conversation_unassign,
        name="unassign",
    ),
    path(
        "conversations/<uuid:public_id>/group/",
        actions.conversation_group,
        name="group",
    ),
    path(
        "conversations/<uuid:public_id>/resolve/",
        actions.conversation_resolve,
        name="resolve",
    ),
    path(
        "conversations/<uuid:public_id>/reopen/",
        actions.conversation_reopen,
        name="reopen",
    ),
    path(
        "conversations/<uuid:public_id>/read/", actions.conversation_read, name="read"
    ),
    path(
        "conversations/<uuid:public_id>/unread/",
        actions.conversation_unread,
        name="unread",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/", card.visitor_edit, name="card_edit"
    ),
    path(
        "conversations/<uuid:public_id>/visitor/note/",
        card_sections.visitor_note,
        name="visitor_note",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/note/save/",
        card_sections.visitor_note_save,
        name="visitor_note_save",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/history/",
        card_sections.visitor_history,
        name="visitor_history",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/state/",
        visitor_actions.visitor_state,
        name="visitor_state",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/block/",
        visitor_actions.visitor_block,
        name="visitor_block",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/unblock/",
        visitor_actions.visitor_unblock,
        name="visitor_unblock",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/block-address/",
        visitor_actions.visitor_block_address,
        name="visitor_block_address",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/merge/",
        visitor_actions.visitor_merge,
        name="visitor_merge",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/merge/<uuid:other_id>/",
        visitor_actions.visitor_merge_with,
        name="visitor_merge_with",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/merge/<int:pk>/undo/",
        visitor_actions.visitor_merge_undo,
        name="visitor_merge_undo",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/export/",
        visitor_actions.visitor_export,
        name="visitor_export",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/erase/",
        visitor_actions.visitor_erase,
        name="visitor_erase",
    ),
]
