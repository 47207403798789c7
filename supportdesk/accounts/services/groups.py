"""Groups and who is in them."""

from collections.abc import Iterable
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.events import AccessChanged, access_changed
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    Assigning,
    Invitation,
    User,
)
from supportdesk.accounts.services.belonging import same_account
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def create_group(
    *,
    account: Account,
    name: str,
    key: str,
    agents: Iterable[User] = (),
    assigning: str = Assigning.OFF,
    assigning_limit: int | None = None,
) -> AgentGroup:
    """Add a group; raises AccountError when another one has the key."""
    group = AgentGroup(account=account, assigning=assigning)
    if assigning_limit is not None:
        group.assigning_limit = assigning_limit
    return _save_group(group, name, key, agents)


@transaction.atomic
def update_group(
    *,
    group: AgentGroup,
    name: str,
    key: str,
    agents: Iterable[User],
    assigning: str | None = None,
    assigning_limit: int | None = None,
) -> AgentGroup:
    """Rename a group or change its members; their open pages follow at once.

    Automatic assignment stays as it is where nothing is given. Raises AccountError
    when another group has the key.
    """
    group = AgentGroup.objects.select_for_update().get(pk=group.pk)
    if assigning is not None:
        group.assigning = assigning
    if assigning_limit is not None:
        group.assigning_limit = assigning_limit
    return _save_group(group, name, key, agents)


@transaction.atomic
def delete_group(
    *, group: AgentGroup, left_to: AgentGroup | Literal["all"] | None = None
) -> None:
    """Remove a group; its conversations stay and belong to no group.

    So everybody sees them now, and all open pages look anew. Members and people
    invited who are in no other group go to another one, or expressly to all: who is in
    none sees everything. Raises AccountError when there are such people and nothing is
    said of them, and when the other group is gone.
    """
    account_id = group.account_id
    groups = _lock_memberships(account_id)
    if group.pk not in groups:
        return  # by somebody else, a moment ago
    into = groups.get(left_to.pk) if isinstance(left_to, AgentGroup) else None
    if into == group or (into is None and left_to not in (None, "all")):
        raise AccountError(_("Choose a group that stays."))
    agents = list(User.objects.in_no_other([group.pk]).order_by("pk"))
    invitations = Invitation.objects.unanswered().in_no_other([group.pk])
    invited = list(invitations.order_by("pk"))
    if (agents or invited) and left_to is None:
        raise AccountError(
            _("Say where those go who are in no other group: they would see all.")
        )
    members = list(group.agents.by_name().values_list("name", flat=True))
    audit.record(
        "group.deleted",
        account_id=account_id,
        target=group,
        changes=audit.difference({"agents": members} if members else {}, {}),
    )
    _move("agent.groups_changed", agents, group, into)
    _move("invitation.changed", invited, group, into)
    group.delete()
    _let_all_look_anew(account_id)


def _lock_memberships(account_id: int) -> dict[int, AgentGroup]:
    """The account's groups; who is in which stays as it is until the commit.

    Rows of the account, invitations, groups: whoever else changes members locks one of
    them first, and in this order. Nobody who writes to a group's conversation waits.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account_id)
    open_ones = Invitation.objects.unanswered().filter(account=account_id)
    list(open_ones.select_for_update(no_key=True).order_by("pk"))
    groups = AgentGroup.objects.filter(account=account_id).order_by("pk")
    return {row.pk: row for row in groups.select_for_update(no_key=True)}


def _move(
    action: str,
    people: Iterable[User] | Iterable[Invitation],
    group: AgentGroup,
    into: AgentGroup | None,
) -> None:
    for person in people:
        if into is not None:
            person.groups.add(into)
        names = ([group.name], [into.name] if into else [])
        changes = {"groups": names}
        audit.record(
            action, account_id=group.account_id, target=person, changes=changes
        )


def _let_all_look_anew(account_id: int) -> None:
    agents = User.objects.filter(account_id=account_id).active()
    for agent_id in agents.order_by("pk").values_list("pk", flat=True):
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))


def _save_group(
    group: AgentGroup, name: str, key: str, agents: Iterable[User]
) -> AgentGroup:
    agents = list(agents)
    same_account(group.account_id, agents)
    action, old = (
        ("group.changed", _state(group)) if group.pk else ("group.created", {})
    )
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
    changes = audit.difference(old, _state(group))
    if changes:
        audit.record(action, account_id=group.account_id, target=group, changes=changes)
    return group


def _state(group: AgentGroup) -> dict[str, Any]:
    """As the database has it."""
    names = ("name", "key", "assigning", "assigning_limit")
    members = group.agents.by_name().values_list("name", flat=True)
    return audit.stored_state(group, *names) | {"agents": list(members)}
