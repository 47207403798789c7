from django.urls import path

from channels_integration.website import (
    identity_views,
    starting_views,
    views,
    visits,
)
from channels_integration.website.loader import widget_loader

urlpatterns = [
    path(
        "visitors/<uuid:public_id>/start/",
        starting_views.conversation_start,
        name="start",
    ),
    path("widget.js", widget_loader, {"name": "loader.js"}, name="loader"),
    # For pages that speak Smartsupp's page API, at the path they know.
    path("loader.js", widget_loader, {"name": "smartsupp.js"}, name="smartsupp"),
    path("widget/config", views.widget_config, name="config"),
    path("widget/session", views.session_open, name="session"),
    path("widget/conversation", views.conversation_thread, name="conversation"),
    path("widget/messages", views.message_send, name="messages"),
    path("widget/files", views.file_send, name="files"),
    path("widget/files/<uuid:public_id>", views.file_download, name="file"),
    path("widget/contact", views.contact_save, name="contact"),
    path("widget/seen", views.conversation_seen, name="seen"),
    path("widget/rating", views.conversation_rate, name="rating"),
    path("widget/transcript", views.transcript_request, name="transcript"),
    path("widget/identify", identity_views.visitor_identify, name="identify"),
    path("widget/customer", identity_views.customer_save, name="customer"),
    path("widget/logout", identity_views.visitor_logout, name="logout"),
    path("widget/visit", visits.visit_report, name="visit"),
    path("widget/agents/<uuid:public_id>/picture", views.agent_picture, name="picture"),
]
