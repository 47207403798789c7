from allauth.account import views as allauth
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.i18n import set_language

from supportdesk.accounts.views import (
    account_security,
    address,
    general,
    groups,
    history,
    hours,
    invitation,
    profile,
    security,
    signing_in,
    signing_up,
    tokens,
    two_factor,
)

agents = (
    [
        path("profile/", profile.profile, name="profile"),
        path("profile/security/", security.security, name="security"),
        path(
            "profile/security/second-factor/",
            two_factor.second_factor,
            name="second_factor",
        ),
        path(
            "profile/security/sessions/end/", security.sessions_end, name="sessions_end"
        ),
        path(
            "profile/security/sessions/<int:pk>/end/",
            security.session_end,
            name="session_end",
        ),
        path("profile/address/", address.address, name="address"),
        path(
            "accounts/address/<str:token>/",
            address.address_confirm,
            name="address_confirm",
        ),
        path("signup/", signing_up.sign_up, name="sign_up"),
        path("signup/sent/", signing_up.sign_up_sent, name="sign_up_sent"),
        path(
            "signup/confirm/<str:token>/",
            signing_up.sign_up_confirm,
            name="sign_up_confirm",
        ),
        path(
            "settings/security/",
            account_security.account_security,
            name="account_security",
        ),
        path("presence/", profile.presence, name="presence"),
        path("settings/general/", general.general, name="general"),
        path("settings/hours/", hours.business_hours, name="hours"),
        path("settings/groups/", groups.groups, name="groups"),
        path("settings/groups/new/", groups.group_create, name="group_create"),
        path("settings/groups/<int:pk>/", groups.group_edit, name="group_edit"),
        path(
            "settings/groups/<int:pk>/delete/", groups.group_delete, name="group_delete"
        ),
        path("settings/api/", tokens.api_tokens, name="api_tokens"),
        path(
            "settings/api/<int:pk>/revoke/",
            tokens.api_token_revoke,
            name="api_token_revoke",
        ),
        path("settings/history/", history.history_page, name="history"),
        path("settings/history/file/", history.history_file, name="history_file"),
        path("agents/<uuid:public_id>/picture/", profile.picture, name="picture"),
    ],
    "accounts",
)

# The second factor: signing in with it, proving it again, adding and removing it.
factors = [
    path("accounts/login/code/", two_factor.code, name="mfa_authenticate"),
    path(
        "accounts/confirm/", two_factor.confirm_password, name="account_reauthenticate"
    ),
    path("accounts/confirm/code/", two_factor.confirm_code, name="mfa_reauthenticate"),
    path(
        "accounts/confirm/key/",
        two_factor.confirm_key,
        name="mfa_reauthenticate_webauthn",
    ),
    path("profile/security/app/", two_factor.app_add, name="mfa_activate_totp"),
    path(
        "profile/security/app/remove/",
        two_factor.app_remove,
        name="mfa_deactivate_totp",
    ),
    path("profile/security/keys/new/", two_factor.key_add, name="mfa_add_webauthn"),
    path(
        "profile/security/keys/<int:pk>/remove/",
        two_factor.key_remove,
        name="mfa_remove_webauthn",
    ),
    path(
        "profile/security/codes/",
        two_factor.recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "profile/security/codes/new/",
        two_factor.recovery_codes_new,
        name="mfa_generate_recovery_codes",
    ),
]

# allauth's names, because it looks its own pages up by them; of its pages only those
# that a desk needs: nobody manages addresses here.
urlpatterns = [
    path("", include(agents)),
    *factors,
    path("accounts/login/", signing_in.LoginView.as_view(), name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path("accounts/suspended/", signing_in.suspended, name="account_suspended"),
    path(
        "accounts/invitation/<uuid:public_id>/<str:key>/",
        invitation.invitation,
        name="invitation",
    ),
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
