"""Visits that are older than the account keeps them."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import keeping
from supportdesk.accounts.models import Account
from visitors.models import PageView, Visit

AT_ONCE = 500


def old_visits(account: Account, before: datetime) -> QuerySet[Visit]:
    return Visit.objects.filter(visitor__account=account, last_seen_at__lt=before)


@transaction.atomic
def delete_old_visits(account: Account, before: datetime) -> int:
    """Some of the oldest with their page views; returns how many visits."""
    oldest = old_visits(account, before).order_by("last_seen_at", "pk")
    keys = list(oldest.values_list("pk", flat=True)[:AT_ONCE])
    # One that goes on meanwhile is no old one any more.
    still = Visit.objects.select_for_update(skip_locked=True).filter(
        pk__in=keys, last_seen_at__lt=before
    )
    keys = list(still.order_by("pk").values_list("pk", flat=True))
    PageView.objects.filter(visit__in=keys).delete()
    Visit.objects.filter(pk__in=keys).delete()
    return len(keys)


keeping.keep(
    keeping.Kind(
        field="keep_visits_days",
        unit=_("visits with their page views"),
        find=old_visits,
        delete=delete_old_visits,
    )
)
