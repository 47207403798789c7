"""Accounts with a browser that takes pushes, remembered for some seconds.

A message must not cost a query for what most accounts do not have.
"""

import time

from notifications.services.pushes import subscribed_account_ids

REMEMBERED = 15.0
"""Seconds."""

_remembered: tuple[float, frozenset[int]] = (0.0, frozenset())


def is_subscribed(account_id: int) -> bool:
    global _remembered
    now = time.monotonic()
    until, account_ids = _remembered
    if until < now:
        account_ids = subscribed_account_ids()
        _remembered = (now + REMEMBERED, account_ids)
    return account_id in account_ids


def forget() -> None:
    global _remembered
    _remembered = (0.0, frozenset())
