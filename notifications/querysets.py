from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from conversations.models import ConversationRead, Message

if TYPE_CHECKING:
    # Named in the base classes.
    from notifications.models import Burst, Notification, Preferences  # noqa: F401


class PreferencesManager(models.Manager["Preferences"]):
    def of_agents(self, agent_ids: Iterable[int]) -> dict[int, Preferences]:
        """What each of them wants; who chose nothing has the defaults, unsaved."""
        found = {row.agent_id: row for row in self.filter(agent__in=agent_ids)}
        return {
            agent_id: found.get(agent_id) or self.model(agent_id=agent_id)
            for agent_id in agent_ids
        }

    def of(self, agent_id: int) -> Preferences:
        return self.of_agents([agent_id])[agent_id]


class BurstQuerySet(models.QuerySet["Burst"]):
    def watched(self) -> Self:
        return self.filter(state="watched")

    def with_outcome(self) -> Self:
        """`answered`, `settled`, `joined`, `opened`: what happened since it began.

        Read from the thread, where nothing is taken back: the conversation's own
        fields tell of its last messages only. Who blocks a visitor is done with them.
        """
        since = Message.objects.filter(
            conversation=OuterRef("conversation"), seq__gt=OuterRef("first_seq")
        )
        reads = ConversationRead.objects.filter(
            conversation=OuterRef("conversation"),
            visitor_messages__gte=OuterRef("visitor_messages"),
        )
        return self.annotate(
            answered=Exists(since.filter(kind="message", by_visitor=False)),
            settled=Exists(since.filter(event__in=["resolved", "blocked"])),
            joined=Exists(since.filter(event="joined")),
            opened=Exists(reads),
        )

    def still_waiting(self) -> Self:
        """Those that nobody has answered or resolved."""
        return self.with_outcome().filter(answered=False, settled=False)


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=["pending", "sending"])

    def finished(self) -> Self:
        return self.exclude(state__in=["pending", "sending"])

    def claimable(self, now: datetime, abandoned_before: datetime) -> Self:
        """Those whose time has come, and those whose worker died while sending.

        What was handed over was due by the clock of whoever did it.
        """
        is_due = Q(due_at__lte=now) | Q(queued_at__isnull=False)
        return self.filter(
            Q(is_due, state="pending")
            | Q(state="sending", claimed_at__lt=abandoned_before)
        )
