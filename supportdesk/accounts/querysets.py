from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

if TYPE_CHECKING:
    from supportdesk.accounts.models import (  # noqa: F401
        Account,
        AccountExport,
        AgentGroup,
        AgentSession,
        ApiToken,
        AuditEntry,
        Invitation,
        User,
    )

# What a second factor is; recovery codes are for the day it is lost.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor() -> models.Exists:
    """Whether the agent of a row can prove more than a password."""
    return models.Exists(
        Authenticator.objects.filter(user=models.OuterRef("pk"), type__in=FACTORS)
    )


def _in_no_other(rows: models.QuerySet[Any], groups: Collection[int]) -> Any:
    """The keys of rows whose groups are all among these; none without a group."""
    counted = rows.order_by().alias(
        all_groups=models.Count("groups"),
        these=models.Count("groups", filter=models.Q(groups__in=groups)),
    )
    return counted.filter(these__gt=0, all_groups=models.F("these")).values("pk")


class AccountQuerySet(models.QuerySet["Account"]):
    def in_service(self) -> Self:
        """Those that the platform operator has not suspended."""
        return self.filter(suspended_at__isnull=True)

    def suspended(self) -> Self:
        return self.filter(suspended_at__isnull=False)


class AgentQuerySet(models.QuerySet["User"]):
    def visible_to(self, agent: User) -> Self:
        """Colleagues: everyone in the account sees who works in it."""
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def admitted(self) -> Self:
        """Active, and with a second factor where the account asks for one."""
        free = models.Q(account__isnull=True) | models.Q(
            account__two_factor_required=False
        )
        return self.active().filter(free | models.Q(has_second_factor()))

    def with_second_factor(self) -> Self:
        return self.annotate(second_factor=has_second_factor())

    def in_service(self) -> Self:
        """Active, and not of an account that is suspended; the operator is of none."""
        return self.active().filter(account__suspended_at__isnull=True)

    def by_name(self) -> Self:
        return self.order_by(Lower("name"), "pk")

    def in_no_other(self, groups: Collection[int]) -> Self:
        """Who would be in no group, and so count for all, if these were gone."""
        return self.filter(pk__in=_in_no_other(self.model.objects.all(), groups))

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


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, agent: User) -> Self:
        """Who changed what is full access's matter, of their own account."""
        if not agent.has_full_access or not agent.is_active:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def newest_first(self) -> Self:
        return self.order_by("-at", "-pk")


class AccountExportQuerySet(models.QuerySet["AccountExport"]):
    def visible_to(self, agent: User) -> Self:
        """Everything is in it, so owners only."""
        if not agent.is_owner or not agent.is_active:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def unfinished(self) -> Self:
        return self.filter(state__in=["waiting", "running"])


class AgentSessionQuerySet(models.QuerySet["AgentSession"]):
    def visible_to(self, agent: User) -> Self:
        """One's own: where colleagues sign in is no business of others."""
        return self.filter(agent=agent)

    def alive(self) -> Self:
        """Those whose session still is one."""
        alive = Session.objects.filter(expire_date__gt=timezone.now())
        return self.filter(session_key__in=alive.values("session_key"))


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, agent: User) -> Self:
        if not agent.has_full_access:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def unanswered(self) -> Self:
        """Neither accepted nor withdrawn; their time may be over."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)

    def in_no_other(self, groups: Collection[int]) -> Self:
        """Whose person would come into no group if these were gone."""
        return self.filter(pk__in=_in_no_other(self.model.objects.all(), groups))

    def pending(self, now: datetime) -> Self:
        return self.unanswered().filter(expires_at__gt=now)

    def expired(self, now: datetime) -> Self:
        return self.unanswered().filter(expires_at__lte=now)
