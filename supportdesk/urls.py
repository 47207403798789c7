from django.urls import include, path

from supportdesk.accounts.admin import site

urlpatterns = [
    path("", include("conversations.urls")),
    path("", include("notifications.urls")),
    path("", include("channels_integration.urls")),
    path("", include("supportdesk.accounts.urls")),
    path("", include("supportdesk.operations.urls")),
    path("", include("supportdesk.demo.urls")),
    path("api/", include("supportdesk.api.urls")),
    path("settings/", include("channels_integration.settings_urls")),
    path("admin/", site.urls),
]

handler400 = "supportdesk.operations.errors.bad_request"
handler500 = "supportdesk.operations.errors.server_error"
