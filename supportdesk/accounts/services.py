"""Every write to accounts, agents and groups."""

import json
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import presence
from supportdesk.accounts.events import (
    AccessChanged,
    PresenceChanged,
    access_changed,
    presence_changed,
)
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, Role, User
from supportdesk.core import redis
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def create_account(
    *, name: str, owner_email: str, owner_name: str, password: str | None, **fields: str
) -> Account:
    """Open an account together with its owner: there is never one without."""
    account = Account.objects.create(name=name, **fields)
    User.objects.create_user(
        owner_email,
        password,
        account=account,
        name=owner_name,
        role=Role.OWNER,
        language=account.language,
    )
    return account


@transaction.atomic
def create_agent(
    *,
    account: Account,
    email: str,
    name: str,
    role: str = Role.AGENT,
    password: str | None = None,
    groups: Iterable[AgentGroup] = (),
    language: str = "",
) -> User:
    agent = User.objects.create_user(
        email,
        password,
        account=account,
        name=name,
        role=role,
        language=language or account.language,
    )
    agent.groups.set(groups)
    return agent


@transaction.atomic
def change_access(
    *,
    agent: User,
    by: User,
    role: str | None = None,
    is_active: bool | None = None,
    groups: Iterable[AgentGroup] | None = None,
) -> User:
    """Change what an agent may do; open pages of theirs follow at once.

    Raises AccountError for one's own role or switch, and when the account would
    be left without an active owner.
    """
    # The account row is the lock for "is there still an owner".
    Account.objects.select_for_update().get(pk=agent.account_id)
    agent = User.objects.select_for_update().get(pk=agent.pk)
    role = role if role is not None else agent.role
    is_active = is_active if is_active is not None else agent.is_active
    changed = role != agent.role or is_active != agent.is_active
    if changed and agent.pk == by.pk:
        raise AccountError(_("You cannot change your own role or deactivate yourself."))
    was_owner = agent.is_owner and agent.is_active
    if was_owner and not (role == Role.OWNER and is_active):
        others = User.objects.filter(
            account_id=agent.account_id, role=Role.OWNER, is_active=True
        ).exclude(pk=agent.pk)
        if not others.exists():
            raise AccountError(_("The account needs at least one active owner."))
    agent.role = role
    agent.is_active = is_active
    agent.save(update_fields=["role", "is_active"])
    if groups is not None:
        agent.groups.set(groups)
    if not is_active and agent.account_id is not None:
        presence.forget(agent.account_id, agent.pk)
    emit_on_commit(access_changed, AccessChanged(agent_id=agent.pk))
    if agent.account_id is not None:
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    return agent


@transaction.atomic
def set_presence(*, agent: User, presence: str) -> User:
    """Turn the agent's switch, for all devices."""
    agent.presence = presence
    agent.save(update_fields=["presence"])
    if agent.account_id is not None:
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    return agent


@transaction.atomic
def update_profile(*, agent: User, fields: dict[str, object]) -> User:
    """Store what an agent changed in their own profile; `fields` are validated."""
    for name, value in fields.items():
        setattr(agent, name, value)
    agent.save(update_fields=list(fields))
    return agent


def announce_presence(account_id: int) -> bool:
    """Tell the desk and the widgets when who is there differs from last time.

    Called when a device connects and by a beat task: agents who just disappear
    (crash, closed lid) become offline by the clock alone. Returns whether
    there was news; two callers at once announce it once.
    """
    now = json.dumps(presence.states(account_id), sort_keys=True)
    last = redis.client().set(
        redis.key("presence-announced", account_id), now, ex=86_400, get=True
    )
    if last == now:
        return False
    emit_on_commit(presence_changed, PresenceChanged(account_id=account_id))
    return True
