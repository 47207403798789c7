"""Every write to accounts, agents and groups."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import presence
from supportdesk.accounts.events import (
    AccessChanged,
    AgentSignedOut,
    PresenceChanged,
    access_changed,
    agent_signed_out,
    presence_changed,
)
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, Role, User
from supportdesk.core import redis
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def create_account(
    *, name: str, owner_email: str, owner_name: str, password: str | None, **fields: Any
) -> Account:
    """Open an account together with its owner: there is never one without."""
    account = Account.objects.create(name=name, **fields)
    create_agent(
        account=account,
        email=owner_email,
        name=owner_name,
        role=Role.OWNER,
        password=password,
    )
    return account


@transaction.atomic
def update_account(*, account: Account, fields: dict[str, Any]) -> Account:
    """Store an account's settings; `fields` are validated."""
    for name, value in fields.items():
        setattr(account, name, value)
    account.save(update_fields=list(fields))
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
    """Add an agent; without a password they choose one by the link in their mail.

    Raises AccountError when the address belongs to somebody already.
    """
    groups = list(groups)
    _same_account(account.pk, groups)
    try:
        with transaction.atomic():
            agent = User.objects.create_user(
                email,
                password,
                account=account,
                name=name,
                role=role,
                language=language or account.language,
            )
    except IntegrityError as error:
        raise AccountError(_("This e-mail address is already in use.")) from error
    agent.groups.set(groups)
    return agent


@transaction.atomic
def update_agent(*, agent: User, name: str, email: str, language: str) -> User:
    """Change who an agent is; what they may do is `change_access`.

    Raises AccountError when the address belongs to somebody else.
    """
    agent.name = name
    agent.email = email
    agent.language = language
    try:
        with transaction.atomic():
            agent.save(update_fields=["name", "email", "language"])
    except IntegrityError as error:
        raise AccountError(_("This e-mail address is already in use.")) from error
    return agent


def check_access_change(*, agent: User, by: User, role: str, is_active: bool) -> None:
    """Raise AccountError if nobody may give this agent that role or switch.

    Forms ask before they are accepted, `change_access` asks again under a lock.
    """
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
    if agent.account_id is None:
        raise ValueError("the platform operator has no access to change")
    account = Account.objects.select_for_update().get(pk=agent.account_id)
    agent = User.objects.select_for_update().get(pk=agent.pk)
    role = role if role is not None else agent.role
    is_active = is_active if is_active is not None else agent.is_active
    check_access_change(agent=agent, by=by, role=role, is_active=is_active)
    agent.role = role
    agent.is_active = is_active
    agent.save(update_fields=["role", "is_active"])
    if groups is not None:
        groups = list(groups)
        _same_account(agent.account_id, groups)
        agent.groups.set(groups)
    if not is_active:
        presence.forget(account.pk, agent.pk)
    emit_on_commit(access_changed, AccessChanged(agent_id=agent.pk))
    emit_on_commit(presence_changed, PresenceChanged(account_id=account.pk))
    return agent


@transaction.atomic
def create_group(
    *, account: Account, name: str, key: str, agents: Iterable[User] = ()
) -> AgentGroup:
    group = AgentGroup(account=account)
    return _save_group(group, name, key, agents)


@transaction.atomic
def update_group(
    *, group: AgentGroup, name: str, key: str, agents: Iterable[User]
) -> AgentGroup:
    """Rename a group or change its members; their open pages follow at once."""
    group = AgentGroup.objects.select_for_update().get(pk=group.pk)
    return _save_group(group, name, key, agents)


@transaction.atomic
def delete_group(*, group: AgentGroup) -> None:
    """Remove a group; its conversations stay and belong to no group."""
    members = list(group.agents.values_list("pk", flat=True))
    group.delete()
    for agent_id in members:
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))


def _save_group(
    group: AgentGroup, name: str, key: str, agents: Iterable[User]
) -> AgentGroup:
    agents = list(agents)
    _same_account(group.account_id, agents)
    group.name = name
    group.key = key
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise AccountError(_("Another group has this key already.")) from error
    before = set(group.agents.values_list("pk", flat=True))
    group.agents.set(agents)
    for agent_id in sorted(before ^ {agent.pk for agent in agents}):
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))
    return group


def _same_account(
    account_id: int | None, things: Iterable[User] | Iterable[AgentGroup]
) -> None:
    """What a form of one account names must be of that account."""
    if any(thing.account_id != account_id for thing in things):
        raise ValueError("an agent or group of another account")


@transaction.atomic
def set_presence(*, agent: User, presence: str) -> User:
    """Turn the agent's switch, for all devices."""
    agent.presence = presence
    agent.save(update_fields=["presence"])
    if agent.account_id is not None:
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    return agent


@transaction.atomic
def update_profile(*, agent: User, fields: dict[str, Any]) -> User:
    """Store what an agent changed in their own profile; `fields` are validated."""
    storage, old_picture = agent.picture.storage, agent.picture.name
    speaks = agent.language
    for name, value in fields.items():
        setattr(agent, name, value)
    agent.save(update_fields=list(fields))
    if old_picture and old_picture != agent.picture.name:
        transaction.on_commit(lambda: storage.delete(old_picture), robust=True)
    if agent.language != speaks:
        # Sockets render in the language they were opened with.
        emit_on_commit(access_changed, AccessChanged(agent_id=agent.pk))
    return agent


def end_session(*, agent: User, session: SessionBase) -> None:
    """The agent signs out here; the device no longer counts for presence.

    The session dies first: a socket that is told to close must not come back.
    """
    session_key = session.session_key or ""
    session.delete()
    if agent.account_id is not None:
        presence.forget(agent.account_id, agent.pk, presence.device_of(session_key))
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    emit_on_commit(
        agent_signed_out, AgentSignedOut(agent_id=agent.pk, session_key=session_key)
    )


def end_other_sessions(*, agent: User) -> None:
    """The password is new: sockets of sessions that knew the old one close.

    The sessions themselves end by the password's hash that each of them carries.
    """
    emit_on_commit(agent_signed_out, AgentSignedOut(agent_id=agent.pk, session_key=""))


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
