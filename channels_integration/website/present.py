"""Visitors with an open socket give signs of life, through the process that holds it.

One task per process renews all of its visitors, with one round trip per account; so
nothing has to be taken back when the process dies: its visitors grow old. When its last
socket of a visitor closes it takes the visitor out. Where another process still holds
one, that one renews within `here.RENEWAL` seconds; so it does after a loss of Redis.
"""

import asyncio
import logging
from collections import Counter

import redis.exceptions

from supportdesk.core.sockets import in_thread
from visitors import here

logger = logging.getLogger(__name__)

_sockets: dict[int, Counter[int]] = {}
"""Open sockets by account and visitor."""

_renewal: asyncio.Task[None] | None = None


async def enter(account_id: int, visitor_id: int) -> None:
    """A socket of the visitor is open from now on."""
    global _renewal
    if _renewal is None or _renewal.get_loop() is not asyncio.get_running_loop():
        # What an earlier loop held has ended with it.
        _sockets.clear()
        _renewal = asyncio.create_task(_keep_renewing())
    _sockets.setdefault(account_id, Counter())[visitor_id] += 1
    await in_thread(_renew)(account_id, [visitor_id])


async def leave(account_id: int, visitor_id: int) -> None:
    """One of the visitor's sockets is closed."""
    global _renewal
    held = _sockets.get(account_id, Counter())
    held[visitor_id] -= 1
    if held[visitor_id] > 0:
        return
    del held[visitor_id]
    if not held:
        _sockets.pop(account_id, None)
    if not _sockets and _renewal is not None:
        _renewal.cancel()
        _renewal = None
    await in_thread(_take_out)(account_id, visitor_id)


async def _keep_renewing() -> None:
    while True:
        await asyncio.sleep(here.RENEWAL)
        await renew_all()


async def renew_all() -> None:
    held = {account_id: list(visitors) for account_id, visitors in _sockets.items()}
    try:
        await in_thread(_renew_each)(held)
    except Exception:
        # Without this task every visitor would seem to leave.
        logger.exception("visitors with a socket not renewed")


def _renew_each(held: dict[int, list[int]]) -> None:
    for account_id, visitor_ids in held.items():
        if not _renew(account_id, visitor_ids):
            return  # each further try would wait for Redis as long


def _renew(account_id: int, visitor_ids: list[int]) -> bool:
    try:
        here.renew(account_id, visitor_ids)
    except redis.exceptions.RedisError:
        logger.warning("visitors with a socket not renewed: Redis does not answer")
        return False
    return True


def _take_out(account_id: int, visitor_id: int) -> None:
    try:
        here.leave(account_id, visitor_id)
    except redis.exceptions.RedisError:
        logger.warning("leaving not noted: Redis does not answer")
        return
    # Another page may have come meanwhile, and its sign of life before this.
    if visitor_id in _sockets.get(account_id, ()):
        _renew(account_id, [visitor_id])
