from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from notifications.models import Notification  # noqa: F401 (in a string)


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=["pending", "sending"])

    def claimable(self, now: datetime, abandoned_before: datetime) -> Self:
        """Those whose time has come, and those whose worker died while sending."""
        return self.filter(
            Q(state="pending", due_at__lte=now)
            | Q(state="sending", claimed_at__lt=abandoned_before)
        )
