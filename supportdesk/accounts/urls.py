from allauth.account import views as allauth
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.i18n import set_language

from supportdesk.accounts.views import profile, signing_in, tokens

agents = (
    [
        path("profile/", profile.profile, name="profile"),
        path("presence/", profile.presence, name="presence"),
        path("settings/api/", tokens.api_tokens, name="api_tokens"),
        path(
            "settings/api/<int:pk>/revoke/",
            tokens.api_token_revoke,
            name="api_token_revoke",
        ),
        path("agents/<uuid:public_id>/picture/", profile.picture, name="picture"),
    ],
    "accounts",
)

# allauth's names, because it looks its own pages up by them; of its pages only those
# that a desk needs: nobody signs up or manages addresses here.
urlpatterns = [
    path("", include(agents)),
    path("accounts/login/", signing_in.LoginView.as_view(), name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path(
        "accounts/password/change/",
        signing_in.PasswordChangeView.as_view(),
        name="account_change_password",
    ),
    path(
        "accounts/password/reset/",
        signing_in.PasswordResetView.as_view(),
        name="account_reset_password",
    ),
    path(
        "accounts/password/reset/done/",
        allauth.password_reset_done,
        name="account_reset_password_done",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        signing_in.NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
]
