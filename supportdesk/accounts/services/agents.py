"""Agents: who they are and what they may do."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts import audit, presence
from supportdesk.accounts.events import (
    AccessChanged,
    AgentDeactivated,
    OwnerAdded,
    OwnershipTransferred,
    PresenceChanged,
    access_changed,
    agent_deactivated,
    owner_added,
    ownership_transferred,
    presence_changed,
)
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, Invitation, Role, User
from supportdesk.accounts.services.belonging import same_account
from supportdesk.accounts.services.locks import lock_account, lock_agents
from supportdesk.accounts.services.sessions import end_all_sessions
from supportdesk.core.events import emit_on_commit

SEEN_NOTED_EVERY = timedelta(minutes=1)


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
    by: User | None = None,
    by_themselves: bool = False,
) -> User:
    """Add an agent; without a password they choose one by the link in their mail.

    The history names `by`, or the new agent where they come `by_themselves`. Raises AccountError when the address belongs to somebody already.
    """
    groups = list(groups)
    same_account(account.pk, groups)
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
    audit.record(
        "agent.created",
        account_id=account.pk,
        by=agent if by_themselves else by,
        target=agent,
        changes={
            "email": (None, agent.email),
            "role": (None, agent.role),
            "groups": (None, _names(groups)),
        },
    )
    return agent


@transaction.atomic
def update_agent(*, agent: User, name: str, language: str) -> User:
    """Change who an agent is; what they may do is `change_access`, and the address
    that they sign in with is `ask_for_address`."""
    if agent.account_id is not None:
        # A form goes on to `change_access`, which takes its locks in this order.
        lock_account(agent.account_id)
    before = audit.stored_state(agent, "name", "language")
    agent.name = name
    agent.language = language
    agent.save(update_fields=["name", "language"])
    _record_profile(agent, before)
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
    successor: User | None = None,
) -> User:
    """Change what an agent may do; open pages of theirs follow at once.

    The open conversations of one who is switched off go to `successor`, else back to
    those who wait for anybody; their sessions end for good, so switching on again
    brings none back. All owners are told of a new one; that `by` proved who they are is
    the caller's matter. Raises AccountError for one's own role or switch, when the
    account would be left without an active owner, and for a successor who cannot be
    one.
    """
    # The account row is the lock for "is there still an owner".
    if agent.account_id is None:
        raise ValueError("the platform operator has no access to change")
    account = lock_account(agent.account_id)
    agent = lock_agents(agent.pk)[agent.pk]
    role = role if role is not None else agent.role
    is_active = is_active if is_active is not None else agent.is_active
    check_access_change(agent=agent, by=by, role=role, is_active=is_active)
    before = audit.state_of(agent, "role", "is_active")
    is_leaving = agent.is_active and not is_active
    is_owner_now = is_active and role == Role.OWNER
    becomes_owner = is_owner_now and not (agent.is_active and agent.is_owner)
    agent.role = role
    agent.is_active = is_active
    changed = ["role", "is_active"]
    if is_active != before["is_active"]:
        # Any other change leaves who takes over as it is: that may be under way.
        agent.successor = _checked_successor(agent, successor) if is_leaving else None
        changed.append("successor")
    agent.save(update_fields=changed)
    if not is_owner_now:
        withdraw_invitations_of(agent)
    if groups is not None:
        groups = list(groups)
        same_account(agent.account_id, groups)
        _change_groups(agent, groups, by)
    _record_access(agent, before, by)
    if not is_active:
        presence.forget(account.pk, agent.pk)
    emit_on_commit(access_changed, AccessChanged(agent_id=agent.pk))
    emit_on_commit(presence_changed, PresenceChanged(account_id=account.pk))
    if becomes_owner:
        emit_on_commit(owner_added, OwnerAdded(owner_id=agent.pk, by_id=by.pk))
    if is_leaving:
        end_all_sessions(agent=agent)
        left = AgentDeactivated(agent_id=agent.pk, by_id=by.pk)
        emit_on_commit(agent_deactivated, left)
    return agent


@transaction.atomic
def transfer_ownership(*, owner: User, to: User) -> User:
    """Make a colleague the owner in one's own place; one keeps full access.

    The only way to give up one's own role, and there is an owner at every moment.
    Whoever asks has just proved who they are. Raises AccountError for somebody who
    cannot be one.
    """
    if owner.account_id is None:
        raise ValueError("the platform operator owns nothing")
    lock_account(owner.account_id)
    found = lock_agents(owner.pk, to.pk)
    giving, taking = found[owner.pk], found[to.pk]
    if not (giving.is_owner and giving.is_active):
        raise AccountError(_("Only an owner can hand the account over."))
    if (
        taking == giving
        or taking.account_id != giving.account_id
        or not taking.is_active
        or taking.is_owner
    ):
        raise AccountError(_("Choose an active agent who is no owner yet."))
    giving.role, taking.role = Role.FULL, Role.OWNER
    for person in (giving, taking):
        person.save(update_fields=["role"])
        emit_on_commit(access_changed, AccessChanged(agent_id=person.pk))
    withdraw_invitations_of(giving)
    audit.record(
        "account.handed_over", account_id=taking.account_id, by=giving, target=taking
    )
    handed = OwnershipTransferred(owner_id=taking.pk, former_id=giving.pk)
    emit_on_commit(ownership_transferred, handed)
    return taking


def note_seen(*, account_id: int, now: datetime) -> int:
    """Write down that who is reachable was there; once a minute each."""
    agents = User.objects.filter(
        account_id=account_id, pk__in=presence.reachable_ids(account_id)
    )
    stale = Q(last_seen_at__isnull=True) | Q(last_seen_at__lte=now - SEEN_NOTED_EVERY)
    return agents.filter(stale).update(last_seen_at=now)


def withdraw_invitations_of(agent: User) -> None:
    """Who is no owner any more brings nobody in."""
    rows = Invitation.objects.unanswered().filter(invited_by=agent)
    for invitation in rows.order_by("pk"):
        audit.record(
            "invitation.revoked", account_id=invitation.account_id, target=invitation
        )
    rows.update(revoked_at=timezone.now())


def _checked_successor(agent: User, successor: User | None) -> User | None:
    if successor is None:
        return None
    same_account(agent.account_id, [successor])
    colleagues = User.objects.filter(account=agent.account_id).active()
    if successor.pk == agent.pk or not colleagues.filter(pk=successor.pk).exists():
        raise AccountError(_("The conversations cannot go to this agent."))
    return successor


@transaction.atomic
def update_profile(*, agent: User, fields: dict[str, Any]) -> User:
    """Store what an agent changed in their own profile; `fields` are validated."""
    storage, old_picture = agent.picture.storage, agent.picture.name
    before = audit.stored_state(agent, "name", "language")
    speaks = agent.language
    for name, value in fields.items():
        setattr(agent, name, value)
    agent.save(update_fields=list(fields))
    if old_picture and old_picture != agent.picture.name:
        transaction.on_commit(lambda: storage.delete(old_picture), robust=True)
    _record_profile(agent, before)
    if agent.language != speaks:
        # Sockets render in the language they were opened with.
        emit_on_commit(access_changed, AccessChanged(agent_id=agent.pk))
    return agent


def _change_groups(agent: User, groups: list[AgentGroup], by: User) -> None:
    before = list(agent.groups.all())
    agent.groups.set(groups)
    if {group.pk for group in before} != {group.pk for group in groups}:
        audit.record(
            "agent.groups_changed",
            account_id=agent.account_id,
            by=by,
            target=agent,
            changes={"groups": (_names(before), _names(groups))},
        )


def _names(groups: Iterable[AgentGroup]) -> list[str]:
    return sorted(group.name for group in groups)


def _record_access(agent: User, before: dict[str, Any], by: User) -> None:
    tell = partial(audit.record, account_id=agent.account_id, by=by, target=agent)
    if agent.role != before["role"]:
        changes = {"role": (before["role"], agent.role)}
        tell("agent.role_changed", changes=changes)
    if agent.is_active != before["is_active"]:
        action = "agent.switched_on" if agent.is_active else "agent.switched_off"
        tell(action)


def _record_profile(agent: User, before: dict[str, Any]) -> None:
    changes = audit.difference(before, audit.state_of(agent, *before))
    if changes:
        audit.record(
            "agent.changed", account_id=agent.account_id, target=agent, changes=changes
        )
