"""Whether a visitor finds somebody: the team's presence and the business hours.

Outside the hours the website is offline for new conversations. Who is in a running
one goes by the agents' presence alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from conversations.visitor_view import agent_for_visitor
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import Presence, User

PRESENCE_AGE = 5
SHOWN_AGENTS = 3


@dataclass(frozen=True)
class Availability:
    """An account as its websites show it; each conversation makes of it what counts
    for itself."""

    is_staffed: bool
    is_open: bool = True
    back: str | None = None

    def is_online(self, *, is_running: bool) -> bool:
        return self.is_staffed and (self.is_open or is_running)

    def told(self, *, is_running: bool) -> dict[str, Any]:
        """What the widget gets; `back` is the moment at which the hours begin again,
        which it says in the visitor's language and time zone."""
        return {"online": self.is_online(is_running=is_running), "back": self.back}


def availability_of(account_id: int, now: datetime | None = None) -> Availability:
    now = now or timezone.now()
    back = hours.next_opening(account_id, now)
    return Availability(
        is_staffed=bool(faces_of(account_id)),
        is_open=hours.is_open(account_id, now),
        back=back.isoformat() if back else None,
    )


def faces_of(account_id: int) -> list[dict[str, Any]]:
    """A few of those who are online; asked anew every few seconds."""
    key = f"widget-faces:{account_id}"
    faces = cache.get(key)
    if faces is None:
        agents = (
            User.objects.filter(
                account_id=account_id,
                presence=Presence.ONLINE,
                pk__in=presence.reachable_ids(account_id),
            )
            .active()
            .by_name()[:SHOWN_AGENTS]
        )
        faces = [agent_for_visitor(agent) for agent in agents]
        cache.set(key, faces, PRESENCE_AGE)
    return list(faces)


def is_group_online(
    account_id: int, group_id: int | None, *, is_running: bool, now: datetime
) -> bool:
    """Whether somebody answers for that group, asked of Redis and not remembered."""
    return (is_running or hours.is_open(account_id, now)) and presence.is_online(
        account_id, group_id
    )
