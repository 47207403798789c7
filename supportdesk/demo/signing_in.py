"""Being signed in to the demo shop: what its server signs, and what its pages tell."""

import time
from typing import Any

from channels_integration.website.identity import Claim, sign
from channels_integration.website.models import IdentitySecret
from conversations.models import Channel
from supportdesk.core.sealing import SealBroken, unseal
from supportdesk.demo.script import Guest
from supportdesk.demo.stories.guests import KATHARINA

CUSTOMERS = {KATHARINA.key: KATHARINA}
GOOD_FOR = 3600


def told_of(customer: str, channel: Channel, language: str) -> dict[str, Any]:
    """What the page of a customer hands to the chat; with a signature if it can."""
    guest = CUSTOMERS[customer]
    german = language == "de"
    return {
        "identity": _identity(guest, channel),
        "information": {
            "customer_number": {
                "label": "Kundennummer" if german else "Customer number",
                "value": guest.user_id,
            },
            "orders": {"label": "Bestellungen" if german else "Orders", "value": 7},
            "spent": {
                "label": "Umsatz" if german else "Spent",
                "value": "1.204,60 €" if german else "€1,204.60",
            },
            "newsletter": True,
        },
    }


def _identity(guest: Guest, channel: Channel) -> dict[str, Any]:
    """Signed with the website's secret; only unsigned if there is none to sign with."""
    said = {"user_id": guest.user_id, "name": guest.name, "email": guest.email}
    secret = _secret(channel)
    if not secret:
        return said
    expires = int(time.time()) + GOOD_FOR
    signature = sign(Claim(**said, expires=expires), secret)
    return said | {"expires": expires, "signature": signature}


def _secret(channel: Channel) -> str:
    row = IdentitySecret.objects.filter(channel=channel).first()
    try:
        return unseal(row.sealed) if row else ""
    except SealBroken:
        return ""
