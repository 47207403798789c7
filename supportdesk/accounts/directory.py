"""What pushes need to know of an account, remembered for a few seconds.

A message must not cost queries for what changes once a year.
"""

import time
import zoneinfo
from dataclasses import dataclass

from supportdesk.accounts.models import Account, User

REMEMBERED = 15.0
"""Seconds."""


@dataclass(frozen=True)
class Facts:
    tz: zoneinfo.ZoneInfo
    languages: tuple[str, ...]
    """Those its active agents read: a fragment is rendered in no other."""


_remembered: dict[int, tuple[float, Facts]] = {}


def facts_of(account_id: int) -> Facts:
    now = time.monotonic()
    until, facts = _remembered.get(account_id, (0.0, None))
    if facts is None or until < now:
        facts = _look_up(account_id)
        _remembered[account_id] = (now + REMEMBERED, facts)
    return facts


def forget() -> None:
    _remembered.clear()


def _look_up(account_id: int) -> Facts:
    account = Account.objects.get(pk=account_id)
    languages = User.objects.filter(account=account).active().values_list("language")
    used = {language for (language,) in languages.distinct()} or {account.language}
    return Facts(tz=account.tz, languages=tuple(sorted(used)))
