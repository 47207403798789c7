"""Who can be reached right now.

An agent is online when the switch says so *and* a device of theirs gave a sign
of life within the grace time. Signs of life are scores in one sorted set per
account, one entry per agent and device, so nothing has to be taken back after a
crash: it just grows old.
"""

import hashlib
import time

from supportdesk.accounts.models import Presence, User
from supportdesk.core import redis

GRACE = 120
"""Seconds an agent stays reachable after the last device has gone."""

HEARTBEAT = 30
"""Seconds between two signs of life of one device."""

SETTLING = 60
"""Seconds after which every living device has given a sign to an empty Redis."""


def _devices_key(account_id: int) -> str:
    return redis.key("presence", account_id)


def device_of(session_key: str | None) -> str:
    """The name of a signed-in browser; the session key itself stays secret."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:16]


def touch(account_id: int, agent_id: int, device: str = "") -> None:
    """Note a sign of life from one of the agent's devices."""
    key = _devices_key(account_id)
    now = time.time()
    with redis.client().pipeline(transaction=False) as pipe:
        pipe.zadd(key, {f"{agent_id}:{device}": now})
        pipe.zremrangebyscore(key, "-inf", f"({now - GRACE}")
        pipe.expire(key, 86_400)
        pipe.execute()


def forget(account_id: int, agent_id: int, device: str | None = None) -> None:
    """A device signed out, or (without one) the agent was switched off.

    Who has no other device left is unreachable at once, without the grace.
    """
    key = _devices_key(account_id)
    if device is not None:
        redis.client().zrem(key, f"{agent_id}:{device}")
        return
    members = [str(member) for member in redis.client().zrange(key, 0, -1)]
    devices = [member for member in members if member.startswith(f"{agent_id}:")]
    if devices:
        redis.client().zrem(key, *devices)


def reachable_ids(account_id: int) -> set[int]:
    since = time.time() - GRACE
    found = redis.client().zrangebyscore(_devices_key(account_id), since, "+inf")
    return {int(str(member).partition(":")[0]) for member in found}


def devices_there(account_id: int, agent_id: int) -> set[str]:
    """The agent's devices that gave a sign of life within the grace time."""
    since = time.time() - GRACE
    found = redis.client().zrangebyscore(_devices_key(account_id), since, "+inf")
    entries = (str(member).partition(":") for member in found)
    return {device for agent, _colon, device in entries if agent == str(agent_id)}


def is_settled() -> bool:
    """Whether somebody who is not known here is really not there.

    A Redis that has just begun empty knows of nobody, though all may be there. The
    same goes for a time in which nobody asked (a beat task does): then something was
    down, and signs of life may have got lost in it.
    """
    key = redis.key("presence-since")
    now = time.time()
    with redis.client().pipeline(transaction=False) as pipe:
        pipe.set(key, repr(now), nx=True, get=True)
        pipe.expire(key, GRACE)
        since = pipe.execute()[0]
    if since is None:
        return False
    if float(str(since)) > now:
        # A clock was ahead and is no more: it would be waited for.
        redis.client().set(key, repr(now), ex=GRACE)
        return False
    return now - float(str(since)) >= SETTLING


def online_ids(account_id: int) -> set[int]:
    """The active agents who can be reached and whose switch says online."""
    agents = User.objects.filter(
        account_id=account_id,
        presence=Presence.ONLINE,
        pk__in=reachable_ids(account_id),
    )
    return set(agents.active().values_list("pk", flat=True))


def states(account_id: int) -> dict[int, str]:
    """Presence of every active agent of the account, by agent id."""
    reachable = reachable_ids(account_id)
    agents = User.objects.filter(account_id=account_id).active()
    return {
        pk: presence if pk in reachable else Presence.OFFLINE.value
        for pk, presence in agents.values_list("pk", "presence")
    }


def is_online(account_id: int, group_id: int | None = None) -> bool:
    """Whether somebody who may answer (for that group) is there."""
    return (
        User.objects.filter(
            account_id=account_id,
            presence=Presence.ONLINE,
            pk__in=reachable_ids(account_id),
        )
        .active()
        .counting_for_group(group_id)
        .exists()
    )
