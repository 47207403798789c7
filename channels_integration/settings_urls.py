from django.urls import path

from channels_integration.website import settings_views
from conversations.views import blocked, card_settings

app_name = "settings"

urlpatterns = [
    path("", settings_views.home, name="home"),
    path("visitor-card/", card_settings.visitor_card, name="visitor_card"),
    path("blocked/", blocked.blocked_visitors, name="blocked"),
    path("blocked/<int:pk>/lift/", blocked.block_lift, name="block_lift"),
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
