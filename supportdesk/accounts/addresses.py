"""The link that proves an agent's new e-mail address.

It says who, from which address to which one, and until when. Sealed, not only signed:
addresses of people do not belong into the logs of proxies. It is worth something once,
since the address that it starts from is gone then, and nothing once the password is
another one: that is how an agent stops what they did not ask for.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from supportdesk.accounts.models import User
from supportdesk.core.sealing import SealBroken, seal, unseal

GOOD_FOR = timedelta(days=3)
_PURPOSE = "supportdesk.accounts.address"


@dataclass(frozen=True)
class AddressChange:
    """What an unbroken link says, for an agent of whom it still is true."""

    agent: User
    email: str


def address_link(agent: User, email: str, now: datetime) -> str:
    """Where the agent takes on the address; built from SITE_URL, never a request."""
    said = {
        "for": _PURPOSE,
        "agent": agent.pk,
        "old": agent.email,
        "new": email,
        "password": next(_fingerprints(agent)),
        "until": int((now + GOOD_FOR).timestamp()),
    }
    path = reverse("accounts:address_confirm", args=[seal(json.dumps(said))])
    return f"{settings.SITE_URL}{path}"


def read_link(token: str, now: datetime) -> AddressChange | None:
    """The change that a link's end stands for; None for one that is worth nothing."""
    try:
        said = json.loads(unseal(token))
    except (SealBroken, ValueError):
        return None
    if not isinstance(said, dict) or said.get("for") != _PURPOSE:
        # Of another seal of the desk's.
        return None
    rows = User.objects.in_service().filter(account__isnull=False)
    agent = rows.filter(pk=said["agent"], email=said["old"]).first()
    if agent is None or said["until"] <= now.timestamp():
        return None
    if not any(
        constant_time_compare(said["password"], known) for known in _fingerprints(agent)
    ):
        return None
    return AddressChange(agent=agent, email=said["new"])


def _fingerprints(agent: User) -> Iterator[str]:
    """Of the password; with today's key first, then with former ones."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(
            _PURPOSE, agent.password, secret=secret, algorithm="sha256"
        ).hexdigest()
