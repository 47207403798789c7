"""Who is there."""

import json
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from supportdesk.accounts import hours, presence
from supportdesk.accounts.events import PresenceChanged, presence_changed
from supportdesk.accounts.models import User
from supportdesk.core import redis
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def set_presence(*, agent: User, presence: str) -> User:
    """Turn the agent's switch, for all devices."""
    agent.presence = presence
    agent.save(update_fields=["presence"])
    if agent.account_id is not None:
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    return agent


def announce_presence(account_id: int, at: datetime | None = None) -> bool:
    """Tell the desk and the widgets when who is there differs from last time.

    So it is when business hours begin and end. Called when a device connects and by a
    beat task: agents who just disappear (crash, closed lid) become offline by the
    clock alone. Returns whether there was news; two callers at once announce it once.
    """
    # Read anew: what this process remembers may be older than what another announced.
    hours.hours_of(account_id, fresh=True)
    state = {
        "agents": presence.states(account_id),
        "open": hours.is_open(account_id, at or timezone.now()),
    }
    now = json.dumps(state, sort_keys=True)
    last = redis.client().set(
        redis.key("presence-announced", account_id), now, ex=86_400, get=True
    )
    if last == now:
        return False
    emit_on_commit(presence_changed, PresenceChanged(account_id=account_id))
    return True
