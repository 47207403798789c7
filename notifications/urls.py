from django.urls import include, path

from notifications.views import push, pwa, settings
from notifications.views.unsubscribing import unsubscribe

app_name = "notifications"

settings_pages = [
    path("", settings.account, name="account"),
    path("me/", settings.preferences, name="preferences"),
    path("test/", settings.test_mail, name="test_mail"),
    path("preview/<slug:kind>/", settings.preview, name="preview"),
]

browser = [
    path("key/", push.push_key, name="push_key"),
    path("subscribe/", push.push_subscribe, name="push_subscribe"),
    path("unsubscribe/", push.push_unsubscribe, name="push_unsubscribe"),
    path("test/", push.push_test, name="push_test"),
]

urlpatterns = [
    path("settings/notifications/", include(settings_pages)),
    path("notifications/push/", include(browser)),
    path(
        "notifications/unsubscribe/<str:token>/",
        unsubscribe,
        name="unsubscribe",
    ),
    # At the top, for a service worker reaches no further than its own folder.
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("sw.js", pwa.service_worker, name="service_worker"),
    path("offline/", pwa.offline, name="offline"),
]
