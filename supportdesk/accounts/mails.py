"""Mails about signing in. They hold a link worth one password, so no copy is kept."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.http import int_to_base36

from supportdesk.accounts.models import User


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
    _send("password_reset", agent)


def send_invitation(agent: User) -> None:
    _send("invitation", agent)


def _send(name: str, agent: User) -> None:
    context = {
        "agent": agent,
        "account": agent.account,
        "link": password_link(agent),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        "site_url": settings.SITE_URL,
    }
    with translation.override(agent.language):
        subject = render_to_string(f"accounts/email/{name}.subject.txt", context)
        text = render_to_string(f"accounts/email/{name}.txt", context)
        html = render_to_string(f"accounts/email/{name}.html", context)
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        text,
        to=[agent.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(html, "text/html")
    mail.send()
