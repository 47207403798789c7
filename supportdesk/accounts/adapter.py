import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import User
from supportdesk.core import client_ip


class AccountAdapter(DefaultAccountAdapter):
    """Agents are created by owners; nobody signs up from outside.

    Nothing here reads the request's host: what it says is the sender's choice.
    """

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("E-mail address and password do not match."),
        "too_many_login_attempts": _(
            "Too many attempts. Wait a few minutes, then try again."
        ),
        "enter_current_password": _("This is not your current password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip.limit_key(client_ip.of_request(request))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever has just signed in is not asked for the same once more."""
        if not super().is_reauthentication_required(app=app, **kwargs):
            return False
        records = get_authentication_records(self.request, self.request.user)
        since = time.time() - REAUTHENTICATION_TIMEOUT
        return not any(record["at"] > since for record in records)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be sent there after signing in: paths only."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if isinstance(request.user, User) and request.user.account_id is None:
            return resolve_url("admin:index")
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """The password was right; why it opens nothing may be said.

        What the backend refuses comes here all the same, so that it can be said.
        """
        if user.is_active and user.account is not None and user.account.is_suspended:
            clear_login(request)
            return redirect("account_suspended")
        return super().pre_login(request, user, **kwargs)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        if isinstance(request.user, User) and request.user.account_id is None:
            return resolve_url("admin:index")
        return resolve_url("accounts:profile")

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        # Inherited, it has the request's host in it: a new one, a new counter.
        return str(credentials.get("email", "")).lower()
