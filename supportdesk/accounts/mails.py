"""Mails about signing in. They hold a link worth one password, so no copy is kept."""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import int_to_base36

from supportdesk.accounts import services
from supportdesk.accounts.addresses import GOOD_FOR as ADDRESS_GOOD_FOR
from supportdesk.accounts.addresses import address_link
from supportdesk.accounts.invitations import LASTS, invitation_link
from supportdesk.accounts.models import Invitation, SignUp, User

SIGN_UP_SALT = "accounts.sign_up"


def password_link(agent: User) -> str:
    """Where the agent may choose a password; built from SITE_URL, never a request."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": int_to_base36(agent.pk),
            "key": default_token_generator.make_token(agent),
        },
    )
    return f"{settings.SITE_URL}{path}"


def send_password_reset(agent: User) -> None:
    _send("password_reset", agent, link=password_link(agent), days=_password_days())


def send_welcome(agent: User) -> None:
    """To whom somebody else made an account for, or asked to choose a password."""
    _send("welcome", agent, link=password_link(agent), days=_password_days())


def send_already_known(agent: User) -> None:
    """To whom tried to open an account with an address that has one."""
    _send("already_known", agent, link=password_link(agent), days=_password_days())


def send_password_link(agent: User, *, by: User) -> None:
    """To whom knows the desk, since somebody else wants them to choose a password."""
    _send(
        "password_link", agent, by=by, link=password_link(agent), days=_password_days()
    )


def send_security_notice(
    agent: User, what: str, *, by: User | None = None, address: str = "", new: str = ""
) -> None:
    """What changed about signing in, in case it was not the agent.

    `by` is who else did it; to the address that they had until now, if it is another.
    """
    _send(
        "security_notice",
        agent,
        address,
        what=what,
        by=by if by != agent else None,
        new=new,
        link=f"{settings.SITE_URL}{reverse('accounts:security')}",
        reset_link=f"{settings.SITE_URL}{reverse('account_reset_password')}",
    )


def send_address_change(agent: User, email: str, *, by: User | None) -> None:
    """To the address that the agent shall sign in with; see `addresses`."""
    _send(
        "address_change",
        agent,
        email,
        by=by if by != agent else None,
        email=email,
        link=address_link(agent, email, timezone.now()),
        days=ADDRESS_GOOD_FOR.days,
    )


def send_address_taken(agent: User) -> None:
    """To whom has an address that somebody wanted to sign in with."""
    _send("address_taken", agent)


def sign_up_link(sign_up: SignUp) -> str:
    """Where the account is opened; it ends with the sign-up itself."""
    token = signing.dumps(str(sign_up.public_id), salt=SIGN_UP_SALT)
    return f"{settings.SITE_URL}{reverse('accounts:sign_up_confirm', args=[token])}"


def send_sign_up(sign_up: SignUp) -> None:
    days = services.SIGN_UP_GOOD_FOR.days
    _send("sign_up", sign_up, link=sign_up_link(sign_up), days=days)


def send_invitation(invitation: Invitation) -> None:
    _send(
        "invitation",
        invitation,
        link=invitation_link(invitation),
        days=LASTS.days,
        inviter=invitation.invited_by,
    )


def send_invitation_taken(invitation: Invitation) -> None:
    """In place of a link, which could not be accepted."""
    _send("invitation_taken", invitation, inviter=invitation.invited_by)


def send_owner_added(agent: User, *, owner: User, by: User | None) -> None:
    """To every owner, the new one too: nobody shall find out by chance."""
    _send("owner_added", agent, owner=owner, by=by)


def send_owner_invited(agent: User, *, email: str, by: User | None) -> None:
    """To every owner, while the invitation can still be withdrawn."""
    path = reverse("admin:accounts_invitation_changelist")
    link = f"{settings.SITE_URL}{path}"
    _send("owner_invited", agent, email=email, by=by, link=link)


def send_ownership(agent: User, *, owner: User, former: User) -> None:
    """To both who had to do with it: nobody shall find out by chance."""
    _send("ownership", agent, owner=owner, former=former)


def _send(
    name: str, to: User | Invitation | SignUp, address: str = "", **context: Any
) -> None:
    """`address` is where it goes if not to the one that is known of `to`."""
    context |= {"to": to, "site_url": settings.SITE_URL}
    context["account"] = None if isinstance(to, SignUp) else to.account
    with translation.override(to.language):
        subject = render_to_string(f"accounts/email/{name}.subject.txt", context)
        text = render_to_string(f"accounts/email/{name}.txt", context)
        html = render_to_string(f"accounts/email/{name}.html", context)
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        text,
        to=[address or to.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(html, "text/html")
    mail.send()


def _password_days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 86_400
