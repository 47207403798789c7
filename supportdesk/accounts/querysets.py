from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models.functions import Lower

if TYPE_CHECKING:
    from supportdesk.accounts.models import AgentGroup, ApiToken, User  # noqa: F401


class AgentQuerySet(models.QuerySet["User"]):
    def visible_to(self, agent: User) -> Self:
        """Colleagues: everyone in the account sees who works in it."""
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def by_name(self) -> Self:
        return self.order_by(Lower("name"), "pk")

    def counting_for_group(self, group_id: int | None) -> Self:
        """Agents who answer for a group: its members and those in no group at all."""
        if group_id is None:
            return self
        return self.filter(
            models.Q(groups=group_id) | models.Q(groups__isnull=True)
        ).distinct()


class UserManager(BaseUserManager.from_queryset(AgentQuerySet)):  # type: ignore[misc]
    def create_user(
        self, email: str, password: str | None = None, **fields: object
    ) -> User:
        user: User = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: object
    ) -> User:
        """The platform operator: sees accounts in admin, belongs to none."""
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=username or "")


class AgentGroupQuerySet(models.QuerySet["AgentGroup"]):
    def visible_to(self, agent: User) -> Self:
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, agent: User) -> Self:
        """Tokens open the whole account, so they are full access's matter."""
        if not agent.has_full_access:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def valid(self) -> Self:
        return self.filter(revoked_at__isnull=True)
