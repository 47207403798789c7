from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

if TYPE_CHECKING:
    from supportdesk.accounts.models import User
    from visitors.models import Block, Visitor  # noqa: F401 - named in base classes


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def of_account(self, agent: User) -> Self:
        """Visitors of the agent's account.

        Which of them an agent may see depends on their conversations, which live
        a layer above: see `conversations.access.visible_visitors`.
        """
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id).profiles()

    def with_email(self, email: str) -> Self:
        """Those of an address, however it is spelt; the index knows no empty ones."""
        return self.alias(spelt=Lower("email")).filter(
            ~Q(email=""), spelt=Lower(Value(email))
        )

    def profiles(self) -> Self:
        """Without those that are part of another profile."""
        return self.filter(merged_into__isnull=True)


class BlockQuerySet(models.QuerySet["Block"]):
    def visible_to(self, agent: User) -> Self:
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def in_force(self) -> Self:
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()))
