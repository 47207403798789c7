"""Because a session or a password ended, what was opened with it ends too."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from supportdesk.accounts import services
from supportdesk.accounts.models import User


@receiver(user_logged_out, dispatch_uid="accounts.end_session")
def end_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        services.end_session(agent=user, session=request.session)


@receiver(password_changed, dispatch_uid="accounts.end_other_sessions")
@receiver(password_reset, dispatch_uid="accounts.end_sessions_after_reset")
def end_other_sessions(user: User, **kwargs: Any) -> None:
    services.end_other_sessions(agent=user)


@receiver(password_reset, dispatch_uid="accounts.allow_login_after_reset")
def allow_login_after_reset(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Who proved to own the mailbox need not wait for failed attempts to expire."""
    get_adapter(request)._delete_login_attempts_cached_email(request, email=user.email)
