"""What an account keeps for a time: how much would go, and how it goes.

Each app says how what it keeps is found and deleted. The job asks them in turn, in
short transactions; what is deleted is gone, so a job that dies goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from supportdesk.accounts.models import Account

COUNTED = 100_000
"""More than so many are not counted, only said to be more."""


@dataclass(frozen=True)
class Kind:
    """One kind of data, by the account's field that says for how long it stays.

    `find` has what is older than a moment; `delete` takes some of it, in a transaction
    of its own, and returns how many; 0 says that nothing is left.
    """

    field: str
    unit: Promise
    find: Callable[[Account, datetime], "QuerySet[Any]"]
    delete: Callable[[Account, datetime], int]
    least: int = 1


_kinds: dict[str, Kind] = {}


def keep(kind: Kind) -> None:
    """Make a kind known; called once by the app whose data it is."""
    _kinds[kind.field] = kind


def kinds() -> list[Kind]:
    """In the order of the account's fields."""
    names = [field.name for field in Account._meta.concrete_fields]
    return sorted(_kinds.values(), key=lambda kind: names.index(kind.field))


def limit_of(account: Account, kind: Kind, now: datetime) -> datetime | None:
    """Before when things go; None if they stay for ever."""
    days = getattr(account, kind.field)
    return now - timedelta(days=days) if days is not None else None


def would_go(account: Account, days: dict[str, int | None], now: datetime) -> Any:
    """`(kind, how many)` of what shorter times than the account's would delete."""
    found = []
    for kind in kinds():
        new, old = days.get(kind.field), getattr(account, kind.field)
        if new is None or (old is not None and old <= new):
            continue
        rows = kind.find(account, now - timedelta(days=new)).order_by()
        number = rows.values("pk")[: COUNTED + 1].count()
        if number:
            found.append((kind, number))
    return found
