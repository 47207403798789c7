"""How often a visitor's browser may ask; generous, for whole offices share an address.

Counted before anything is read or written. `WIDGET_RATE_FACTOR` widens all of them
for load tests.
"""

from django.conf import settings

from supportdesk.core.client_ip import limit_key
from supportdesk.core.ratelimit import allow

# purpose: (per session, per address, per account); uses a minute.
_RATES: dict[str, tuple[int, int, int]] = {
    "config": (0, 600, 0),
    "session": (0, 120, 1200),
    "read": (240, 1200, 0),
    "message": (60, 600, 6000),
    "file": (20, 120, 600),
    "contact": (20, 120, 1200),
    "transcript": (3, 20, 120),
    "identify": (30, 600, 6000),
    "customer": (30, 600, 6000),
    "logout": (10, 120, 1200),
    "visit": (60, 1200, 12000),
    "socket": (0, 300, 0),
}
_TIGHT_PERIOD = {"transcript": "hour"}


def within(
    purpose: str,
    *,
    address: str,
    session_id: int | None = None,
    account_id: int | None = None,
    uses: int = 1,
) -> bool:
    """Count for each who is given, and say whether all are within limits."""
    counted = zip(
        ("session", "address", "account"),
        _RATES[purpose],
        (session_id, limit_key(address) or None, account_id),
        strict=True,
    )
    period = _TIGHT_PERIOD.get(purpose, "minute")
    factor = settings.WIDGET_RATE_FACTOR
    return all(
        allow(
            f"{int(rate * factor)}/{period}", f"widget-{purpose}", kind, who, uses=uses
        )
        for kind, rate, who in counted
        if rate and who is not None
    )
