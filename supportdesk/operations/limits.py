"""How often somebody may have the desk work: one table for all of its pages.

Agents are counted by themselves, who is not signed in by their address. The widget and
the API count on their own (`channels_integration/website/limits.py`,
`supportdesk/api/authentication.py`), and so do the sign-in pages
(`ACCOUNT_RATE_LIMITS`). `docs/limits.md` is the table for operators.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from supportdesk.accounts.models import User
from supportdesk.core import client_ip
from supportdesk.core.ratelimit import allow, seconds_to_wait

# Whatever changes something and stands in no line below; uses and a period.
WRITES = (600, "minute")
WRITES_OF_STRANGERS = (120, "minute")
# What costs more than a page: searches, files that are made, mails, uploads.
READS = {
    "accounts:history": (120, "minute"),
    "accounts:history_file": (30, "minute"),
    "conversations:conversation_file": (30, "minute"),
    "conversations:export_file": (30, "minute"),
    "conversations:exports": (120, "minute"),
    "conversations:inbox": (240, "minute"),
    "conversations:live": (120, "minute"),
    "conversations:report": (60, "minute"),
    "conversations:report_table": (60, "minute"),
    "conversations:view_counts": (120, "minute"),
    "conversations:visitor_export": (30, "minute"),
    "conversations:visitor_merge": (120, "minute"),
    "notifications:preview": (60, "minute"),
    "operations:account_file": (30, "minute"),
}
TIGHT_WRITES = {
    "accounts:api_tokens": (30, "hour"),
    "accounts:profile": (60, "hour"),
    "conversations:bulk": (60, "minute"),
    "conversations:export_start": (30, "hour"),
    "conversations:note": (120, "minute"),
    "conversations:reply": (120, "minute"),
    "conversations:visitor_erase": (60, "minute"),
    "operations:account_export": (10, "hour"),
    "operations:erase": (30, "hour"),
    "settings:canned_reply": (60, "minute"),
    "settings:canned_reply_new": (60, "minute"),
    "settings:identity_create": (30, "hour"),
    "settings:website_create": (30, "hour"),
}
# They have limits of their own, by key and token.
_COUNTED_ELSEWHERE = ("website:", "api:")
_OF_AGENTS = {"website:start"}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Limit:
    """So many uses of one purpose in a period ("minute", "hour")."""

    purpose: str
    uses: int
    period: str

    @property
    def rate(self) -> str:
        factor = settings.DESK_RATE_FACTOR
        return f"{max(1, int(self.uses * factor))}/{self.period}"


def limit_of(route: str, method: str, *, is_signed_in: bool) -> Limit | None:
    """What holds for a request; None where the desk does nothing dear.

    `route` is the name with its namespace. All writes without a line of their own
    share one count.
    """
    if route.startswith(_COUNTED_ELSEWHERE) and route not in _OF_AGENTS:
        return None
    if method in _SAFE_METHODS:
        return Limit(route, *READS[route]) if route in READS else None
    if route in TIGHT_WRITES:
        return Limit(f"{route} by form", *TIGHT_WRITES[route])
    return Limit("writes", *(WRITES if is_signed_in else WRITES_OF_STRANGERS))


def seconds_over(request: HttpRequest, route: str) -> int:
    """Count the request; the seconds until the next may come, 0 if this one may."""
    agent = request.user if isinstance(request.user, User) else None
    limit = limit_of(route, request.method or "", is_signed_in=agent is not None)
    if limit is None:
        return 0
    who = (limit.purpose, "agent", agent.pk) if agent else _by_address(limit, request)
    if allow(limit.rate, "desk", *who):
        return 0
    return seconds_to_wait(limit.rate, "desk", *who)


def _by_address(limit: Limit, request: HttpRequest) -> tuple[str, str, str]:
    address = client_ip.limit_key(client_ip.of_request(request))
    return limit.purpose, "address", address
