"""The link of an invitation: signed, so that the worker who mails it needs no secret.

It carries the row's nonce and address, so it dies with either.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from supportdesk.accounts.models import Invitation

LASTS = timedelta(days=7)
_SALT = "supportdesk.accounts.invitation"


def invitation_link(invitation: Invitation) -> str:
    """Where the invited person takes the place; built from SITE_URL, never a request."""
    key = next(_keys(invitation))
    path = reverse("invitation", args=[invitation.public_id, key])
    return f"{settings.SITE_URL}{path}"


def fits(invitation: Invitation, key: str) -> bool:
    """Whether the key is that of the row as it is now; former SECRET_KEYs count."""
    return any(constant_time_compare(key, each) for each in _keys(invitation))


def _keys(invitation: Invitation) -> Iterator[str]:
    said = f"{invitation.pk}:{invitation.nonce}:{invitation.email}"
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(_SALT, said, secret=secret, algorithm="sha256").hexdigest()
