"""An account whose days of grace are over goes for good, step by step.

First nobody can write or read any more; then rows go in short transactions, what points
at others before these, and the account last. Each step deletes what it finds, so a job
that dies goes on with what is left.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from conversations import publisher
from conversations.models import Channel, DoomedFile
from supportdesk.accounts import audit, presence
from supportdesk.accounts.events import (
    AccessChanged,
    AgentSignedOut,
    access_changed,
    agent_signed_out,
)
from supportdesk.accounts.models import Account, AccountExport, ApiToken, User
from supportdesk.core import redis
from supportdesk.core.events import emit_on_commit
from supportdesk.operations.belongings import Model, file_fields, paths, rows_of

logger = logging.getLogger(__name__)

BUDGET = 240.0
"""Seconds of one run; what is left is the next one's."""
AT_ONCE = 500
_KEYS = (
    "presence",
    "presence-announced",
    "live",
    "live-pages",
    "here",
    "counts-turn",
    "viewing",
)
EVERYBODY = ("0.0.0.0/0", "::/0")


def due_accounts(*, now: datetime) -> list[int]:
    due = Account.objects.filter(erase_at__lte=now).order_by("erase_at", "pk")
    return list(due.values_list("pk", flat=True))


def erase_account(
    *, account_id: int, now: datetime, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Delete the account with all there is of it; returns whether it is gone.

    Does nothing before its time. What is not done within the budget is the next run's.
    """
    ends = clock() + BUDGET
    if not _close(account_id, now):
        return not Account.objects.filter(pk=account_id).exists()
    for model in paths():
        while _delete_some(model, account_id, now):
            if clock() >= ends:
                return False
    redis.client().delete(*(redis.key(name, account_id) for name in _KEYS))
    logger.info("account %s erased", account_id)
    return True


@transaction.atomic
def _close(account_id: int, now: datetime) -> bool:
    """Sign everybody out and close what is open; whether it is to be erased at all."""
    if _lock(account_id, now) is None:
        return False
    Channel.objects.filter(account=account_id).update(is_active=False)
    ApiToken.objects.valid().filter(account=account_id).update(revoked_at=now)
    agents = User.objects.filter(account=account_id).active().order_by("pk")
    for agent_id in list(agents.values_list("pk", flat=True)):
        presence.forget(account_id, agent_id)
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))
        emit_on_commit(
            agent_signed_out, AgentSignedOut(agent_id=agent_id, session_key="")
        )
    agents.update(is_active=False)
    for network in EVERYBODY:
        transaction.on_commit(
            lambda network=network: publisher.publish_blocked(  # type: ignore[misc]
                account_id, None, network
            ),
            robust=True,
        )
    return True


def _delete_some(model: Model, account_id: int, now: datetime) -> bool:
    """Some rows with the files that they name; whether there were any."""
    with audit.may_go():
        if _lock(account_id, now) is None:
            return False
        rows = rows_of(model, account_id).order_by("pk")
        keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        some = model._base_manager.filter(pk__in=keys)
        names = [field.name for field in file_fields(model)]
        if model is AccountExport or model._meta.label == "conversations.Export":
            names.append("path")
        for name in names:
            stored = some.exclude(**{name: ""}).values_list(name, flat=True)
            DoomedFile.objects.bulk_create(DoomedFile(path=path) for path in stored)
        some.delete()
    return bool(keys)


def _lock(account_id: int, now: datetime) -> Account | None:
    """One worker at a time, and only what is due."""
    due = Account.objects.select_for_update().filter(pk=account_id, erase_at__lte=now)
    return due.first()
