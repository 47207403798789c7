from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("conversations.urls")),
    path("", include("channels_integration.urls")),
    path("", include("supportdesk.accounts.urls")),
    path("", include("supportdesk.operations.urls")),
    path("", include("supportdesk.demo.urls")),
    path("admin/", admin.site.urls),
]
