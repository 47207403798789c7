"""What owners hear of their account."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from supportdesk.accounts.models import Account, User


def send_erasure_notice(owner: User, account: Account, by: User | None) -> None:
    """In the owner's language, at the account's time."""
    context = {
        "agent": owner,
        "account": account,
        "by": by,
        "link": f"{settings.SITE_URL}{reverse('operations:account')}",
        "site_url": settings.SITE_URL,
    }
    name = "operations/email/erasure"
    with translation.override(owner.language), timezone.override(account.tz):
        subject = render_to_string(f"{name}.subject.txt", context)
        text = render_to_string(f"{name}.txt", context)
        html = render_to_string(f"{name}.html", context)
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        text,
        to=[owner.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(html, "text/html")
    mail.send()
