"""Accounts and what holds for all of one."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from supportdesk.accounts import audit, presence
from supportdesk.accounts.events import (
    AccessChanged,
    AccountSuspended,
    PresenceChanged,
    access_changed,
    account_suspended,
    presence_changed,
)
from supportdesk.accounts.models import Account, Role, User
from supportdesk.accounts.services.agents import create_agent
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def create_account(
    *,
    name: str,
    owner_email: str,
    owner_name: str,
    password: str | None,
    by: User | None = None,
    by_owner: bool = False,
    **fields: Any,
) -> Account:
    """Open an account together with its owner: there is never one without.

    The history names `by`, or the owner where it is `by_owner` that it opens.
    """
    account = Account.objects.create(name=name, **fields)
    owner = create_agent(
        account=account,
        email=owner_email,
        name=owner_name,
        role=Role.OWNER,
        password=password,
        by=by,
        by_themselves=by_owner,
    )
    audit.record(
        "account.created",
        account_id=account.pk,
        by=owner if by_owner else by,
        target=account,
    )
    return account


@transaction.atomic
def update_account(*, account: Account, fields: dict[str, Any]) -> Account:
    """Store an account's settings; `fields` are validated."""
    return _store(account, fields)


@transaction.atomic
def set_privacy(*, account: Account, fields: dict[str, Any]) -> Account:
    """Store for how long the account keeps what; `fields` are validated.

    The next run of the job deletes what is older then.
    """
    return _store(account, fields, action="privacy.changed")


@transaction.atomic
def finish_start(*, account: Account) -> None:
    """The first steps are done or put away, and are offered no more."""
    waiting = Account.objects.filter(pk=account.pk, started_at__isnull=True)
    waiting.update(started_at=timezone.now())


@transaction.atomic
def set_assigning(*, account: Account, assigning: str, assigning_limit: int) -> Account:
    """Store how conversations of no group find their agent."""
    return _store(account, {"assigning": assigning, "assigning_limit": assigning_limit})


def _store(
    account: Account, fields: dict[str, Any], action: str = "account.changed"
) -> Account:
    before = audit.stored_state(account, *fields)
    for name, value in fields.items():
        setattr(account, name, value)
    account.save(update_fields=list(fields))
    changes = audit.difference(before, fields)
    if changes:
        audit.record(action, account_id=account.pk, target=account, changes=changes)
    return account


@transaction.atomic
def suspend_account(*, account: Account, now: datetime | None = None) -> bool:
    """Let nobody in, answer no program and no visitor, send nothing; nothing is lost.

    Sessions, tokens and subscriptions stay and count again once it is resumed.
    Returns whether that is news.
    """
    changed = Account.objects.in_service().filter(pk=account.pk)
    if not changed.update(suspended_at=now or timezone.now()):
        return False
    audit.record("account.suspended", account_id=account.pk, target=account)
    agents = User.objects.filter(account=account).active().order_by("pk")
    for agent_id in agents.values_list("pk", flat=True):
        presence.forget(account.pk, agent_id)
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))
    emit_on_commit(account_suspended, AccountSuspended(account_id=account.pk))
    emit_on_commit(presence_changed, PresenceChanged(account_id=account.pk))
    return True


@transaction.atomic
def resume_account(*, account: Account) -> bool:
    """Let everybody in again; returns whether that is news."""
    changed = Account.objects.suspended().filter(pk=account.pk)
    if not changed.update(suspended_at=None):
        return False
    audit.record("account.resumed", account_id=account.pk, target=account)
    return True
