from django.urls import path

from . import account_views, admin, views

app_name = "operations"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("settings/account/", account_views.account, name="account"),
    path("settings/account/export/", account_views.export_start, name="account_export"),
    path(
        "settings/account/export/<uuid:public_id>/",
        account_views.export_file,
        name="account_file",
    ),
    path(
        "settings/account/export/<uuid:public_id>/discard/",
        account_views.export_discard,
        name="account_export_discard",
    ),
    path("settings/account/erase/", account_views.erase, name="erase"),
    path("settings/account/keep/", account_views.keep, name="keep"),
    # Before the admin's own addresses, beside which it stands.
    path("admin/health/", admin.health_view, name="health"),
]
