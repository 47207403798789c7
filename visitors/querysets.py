from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from supportdesk.accounts.models import User
    from visitors.models import Visitor  # noqa: F401 - named in the base class


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def of_account(self, agent: User) -> Self:
        """Visitors of the agent's account.

        Which of them an agent may see depends on their conversations, which live
        a layer above: see `conversations.access.visible_visitors`.
        """
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)
