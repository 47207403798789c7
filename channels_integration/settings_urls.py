from django.urls import path

from channels_integration.website import settings_views
from conversations.views import (
    blocked,
    canned_replies,
    card_settings,
    privacy_settings,
    tag_settings,
)

app_name = "settings"

urlpatterns = [
    path("", settings_views.home, name="home"),
    path("visitor-card/", card_settings.visitor_card, name="visitor_card"),
    path("privacy/", privacy_settings.privacy, name="privacy"),
    path("blocked/", blocked.blocked_visitors, name="blocked"),
    path("blocked/<int:pk>/lift/", blocked.block_lift, name="block_lift"),
    path("canned-replies/", canned_replies.reply_list, name="canned_replies"),
    path("canned-replies/new/", canned_replies.reply_create, name="canned_reply_new"),
    path("canned-replies/<int:pk>/", canned_replies.reply_edit, name="canned_reply"),
    path(
        "canned-replies/<int:pk>/delete/",
        canned_replies.reply_delete,
        name="canned_reply_delete",
    ),
    path(
        "canned-replies/files/<uuid:public_id>/",
        canned_replies.file_download,
        name="canned_reply_file",
    ),
    path("tags/", tag_settings.tags, name="tags"),
    path("tags/<int:pk>/", tag_settings.tag_change, name="tag_change"),
    path("tags/<int:pk>/merge/", tag_settings.tag_merge, name="tag_merge"),
    path("tags/<int:pk>/archive/", tag_settings.tag_archive, name="tag_archive"),
    path("tags/<int:pk>/restore/", tag_settings.tag_restore, name="tag_restore"),
    path("tags/<int:pk>/delete/", tag_settings.tag_delete, name="tag_delete"),
    path("channels/", settings_views.channels, name="channels"),
    path("channels/website/new/", settings_views.website_create, name="website_create"),
    path("channels/website/<int:pk>/", settings_views.website, name="website"),
    path(
        "channels/website/<int:pk>/identity/",
        settings_views.identity_create,
        name="identity_create",
    ),
    path(
        "channels/website/<int:pk>/identity/remove/",
        settings_views.identity_remove,
        name="identity_remove",
    ),
]
