"""What was told long ago is forgotten."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from notifications.models import Burst, Notification

KEPT = timedelta(days=90)
AT_ONCE = 1000


def prune(*, now: datetime | None = None) -> int:
    """Delete decided bursts and finished notifications of that age; returns how many.

    What is still on its way stays, and its burst with it. A conversation that still
    waits is not found anew: the lookout sees only what was written lately.
    """
    before = (now or timezone.now()) - KEPT
    notifications = Notification.objects.finished().filter(created_at__lt=before)
    needed = Notification.objects.unfinished().filter(burst=OuterRef("pk"))
    bursts = Burst.objects.filter(decided_at__lt=before).exclude(Exists(needed))
    return _delete(notifications, "created_at") + _delete(bursts, "decided_at")


def _delete(rows: QuerySet, by_age: str) -> int:
    """Oldest first, in parts: each is a short transaction."""
    count = 0
    while keys := list(rows.order_by(by_age).values_list("pk", flat=True)[:AT_ONCE]):
        rows.model._base_manager.filter(pk__in=keys).delete()
        count += len(keys)
    return count
