from django.urls import path

from conversations.views import (
    actions,
    bulk,
    canned_offer,
    card,
    card_sections,
    composing,
    exporting,
    exports,
    files,
    inbox,
    joining,
    live,
    mention_offer,
    ordering,
    reports,
    saved_views,
    tagging,
    thread,
    transferring,
    visitor_actions,
)

app_name = "conversations"

urlpatterns = [
    path("", inbox.conversation_list, name="inbox"),
    path("conversations/bulk/", bulk.conversation_bulk, name="bulk"),
    path("conversations/bulk/undo/", bulk.conversation_bulk_undo, name="bulk_undo"),
    path("views/", saved_views.view_create, name="view_create"),
    path("views/counts/", saved_views.view_counts, name="view_counts"),
    path("views/<int:pk>/rename/", saved_views.view_rename, name="view_rename"),
    path("views/<int:pk>/delete/", saved_views.view_delete, name="view_delete"),
    path("visitors/", live.live_visitors, name="live"),
    path("reports/", reports.report, name="report"),
    path("reports/<slug:table>.csv", reports.report_table, name="report_table"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/start/", exports.export_start, name="export_start"),
    path(
        "exports/<uuid:public_id>/discard/",
        exports.export_discard,
        name="export_discard",
    ),
    path("exports/<uuid:public_id>/file/", exports.export_file, name="export_file"),
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
        "conversations/<uuid:public_id>/canned/",
        canned_offer.canned_list,
        name="canned",
    ),
    path(
        "conversations/<uuid:public_id>/canned/<int:pk>/used/",
        canned_offer.canned_used,
        name="canned_used",
    ),
    path(
        "conversations/<uuid:public_id>/colleagues/",
        mention_offer.colleague_list,
        name="colleagues",
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
        "conversations/<uuid:public_id>/transfer/",
        transferring.conversation_transfer,
        name="transfer",
    ),
    path(
        "conversations/<uuid:public_id>/join-with/",
        joining.conversation_join_with,
        name="join_with",
    ),
    path(
        "conversations/<uuid:public_id>/split/<uuid:message_id>/",
        joining.conversation_split,
        name="split",
    ),
    path(
        "conversations/<uuid:public_id>/export/",
        exporting.conversation_export,
        name="conversation_export",
    ),
    path(
        "conversations/<uuid:public_id>/export/file/",
        exporting.conversation_file,
        name="conversation_file",
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
        "conversations/<uuid:public_id>/priority/",
        ordering.conversation_priority,
        name="priority",
    ),
    path(
        "conversations/<uuid:public_id>/snooze/",
        ordering.conversation_snooze,
        name="snooze",
    ),
    path(
        "conversations/<uuid:public_id>/follow/",
        ordering.conversation_follow,
        name="follow",
    ),
    path(
        "conversations/<uuid:public_id>/unfollow/",
        ordering.conversation_unfollow,
        name="unfollow",
    ),
    path(
        "conversations/<uuid:public_id>/wake/", ordering.conversation_wake, name="wake"
    ),
    path(
        "conversations/<uuid:public_id>/tags/", tagging.tag_options, name="tag_options"
    ),
    path("conversations/<uuid:public_id>/tags/add/", tagging.tag_add, name="tag_add"),
    path(
        "conversations/<uuid:public_id>/tags/<int:pk>/remove/",
        tagging.tag_remove,
        name="tag_remove",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/", card.visitor_edit, name="card_edit"
    ),
    path(
        "conversations/<uuid:public_id>/visitor/head/",
        card_sections.visitor_head,
        name="visitor_head",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/contact/",
        card_sections.visitor_contact,
        name="visitor_contact",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/customer/",
        card_sections.visitor_customer,
        name="visitor_customer",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/conversations/",
        card_sections.visitor_conversations,
        name="visitor_conversations",
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
        "conversations/<uuid:public_id>/visitor/history/<int:pk>/",
        card_sections.visitor_visit,
        name="visitor_visit",
    ),
    path(
        "conversations/<uuid:public_id>/visitor/state/",
        card_sections.visitor_state,
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
