"""What is older than an account keeps it goes."""

import time
from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import audit, keeping
from supportdesk.accounts.models import Account, AuditEntry

BUDGET = 240.0
"""Seconds of one run; what is left is the next one's."""
AT_ONCE = 1000


def delete_old(
    *, account: Account, now: datetime, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Delete what the account keeps no longer; returns whether nothing is left.

    In short transactions, until it is done or the budget is used up. How much went is
    told in the history, by the desk itself.
    """
    ends = clock() + BUDGET
    gone: dict[str, tuple[int, int]] = {}
    done = True
    try:
        for kind in keeping.kinds():
            before = keeping.limit_of(account, kind, now)
            while before is not None and (number := kind.delete(account, before)):
                gone[kind.field] = (gone.get(kind.field, (0, 0))[0] + number, 0)
                if clock() >= ends:
                    done = False
                    break
    finally:
        if gone:
            audit.record(
                "privacy.deleted", account_id=account.pk, target=account, changes=gone
            )
    return done


def _entries(account: Account, before: datetime) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(account=account, at__lt=before)


def _delete_entries(account: Account, before: datetime) -> int:
    oldest = _entries(account, before).order_by("at", "pk")
    with audit.may_go():
        keys = list(oldest.values_list("pk", flat=True)[:AT_ONCE])
        return AuditEntry.objects.filter(pk__in=keys).delete()[0]


keeping.keep(
    keeping.Kind(
        field="keep_history_days",
        unit=_("entries of the history"),
        find=_entries,
        delete=_delete_entries,
        # Shorter, and whoever takes data out could wait until nobody can tell.
        least=90,
    )
)
