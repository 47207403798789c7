"""Because a session or a password ended, what was opened with it ends too."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import receiver
from django.http import HttpRequest

from supportdesk.accounts import activity, services, tasks
from supportdesk.accounts.events import (
    OwnerAdded,
    OwnerInvited,
    OwnershipTransferred,
    TwoFactorReset,
    owner_added,
    owner_invited,
    ownership_transferred,
    two_factor_reset,
)
from supportdesk.accounts.models import User
from supportdesk.accounts.querysets import FACTORS
from supportdesk.core import client_ip


@receiver(user_logged_in, dispatch_uid="accounts.note_session")
def note_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    activity.note(request, user)


@receiver(user_logged_out, dispatch_uid="accounts.end_session")
def end_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        services.end_session(agent=user, session=request.session)


@receiver(user_logged_in, dispatch_uid="accounts.note_sign_in")
def note_sign_in(user: User, **kwargs: Any) -> None:
    services.note_sign_in(agent=user)


@receiver(user_login_failed, dispatch_uid="accounts.note_failed_sign_in")
def note_failed_sign_in(
    credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Whether there is such an agent is found out where nobody can measure it."""
    email = credentials.get("email")
    if request is not None and isinstance(email, str):
        tasks.note_failed_sign_in.delay(
            email[:254],
            client_ip.of_request(request),
            request.headers.get("User-Agent", "")[:400],
        )


@receiver(authentication_failed, dispatch_uid="accounts.note_failed_factor")
def note_failed_factor(user: User, **kwargs: Any) -> None:
    services.note_failed_factor(agent=user)


@receiver(password_changed, dispatch_uid="accounts.end_other_sessions")
def end_other_sessions(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The one that changed it goes on, under a new key."""
    activity.note(request, user)
    services.note_password_changed(agent=user)
    services.end_other_sessions(agent=user, keep=request.session.session_key or "")
    tasks.send_security_notice.delay_on_commit(user.pk, "password_changed")


@receiver(password_reset, dispatch_uid="accounts.end_sessions_after_reset")
def end_sessions_after_reset(user: User, **kwargs: Any) -> None:
    services.note_password_changed(agent=user)
    services.end_other_sessions(agent=user)
    tasks.send_security_notice.delay_on_commit(user.pk, "password_changed")


@receiver(password_reset, dispatch_uid="accounts.allow_login_after_reset")
def allow_login_after_reset(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Who proved to own the mailbox need not wait for failed attempts to expire."""
    get_adapter(request)._delete_login_attempts_cached_email(request, email=user.email)


@receiver(authenticator_added, dispatch_uid="accounts.begin_second_factor")
def begin_second_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Sessions that a password alone has opened end with the first factor."""
    if authenticator.type not in FACTORS:
        return
    factors = Authenticator.objects.filter(user=user, type__in=FACTORS)
    if factors.count() == 1:
        services.end_other_sessions(agent=user, keep=request.session.session_key or "")
    services.note_factor(agent=user, what="factor_added")
    tasks.send_security_notice.delay_on_commit(user.pk, "factor_added")


@receiver(authenticator_removed, dispatch_uid="accounts.tell_of_removed_factor")
def tell_of_removed_factor(
    user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    if authenticator.type in FACTORS:
        services.note_factor(agent=user, what="factor_removed")
        tasks.send_security_notice.delay_on_commit(user.pk, "factor_removed")


@receiver(authenticator_reset, dispatch_uid="accounts.tell_of_new_codes")
def tell_of_new_codes(user: User, **kwargs: Any) -> None:
    services.note_factor(agent=user, what="codes_made")
    tasks.send_security_notice.delay_on_commit(user.pk, "codes_made")


@receiver(two_factor_reset, dispatch_uid="accounts.tell_of_reset_factors")
def tell_of_reset_factors(event: TwoFactorReset, **kwargs: Any) -> None:
    tasks.send_security_notice.delay(event.agent_id, "factors_reset", event.by_id)


@receiver(owner_added, dispatch_uid="accounts.tell_of_new_owner")
def tell_of_new_owner(event: OwnerAdded, **kwargs: Any) -> None:
    tasks.tell_of_new_owner.delay(event.owner_id, event.by_id)


@receiver(owner_invited, dispatch_uid="accounts.tell_of_invited_owner")
def tell_of_invited_owner(event: OwnerInvited, **kwargs: Any) -> None:
    tasks.tell_of_invited_owner.delay(event.invitation_id, event.by_id)


@receiver(ownership_transferred, dispatch_uid="accounts.tell_ownership")
def tell_ownership(event: OwnershipTransferred, **kwargs: Any) -> None:
    for agent_id in (event.owner_id, event.former_id):
        tasks.tell_ownership.delay(agent_id, event.owner_id, event.former_id)
