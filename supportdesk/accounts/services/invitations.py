"""Invitations: places that wait for an agent, until they are taken or withdrawn."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.events import (
    OwnerAdded,
    OwnerInvited,
    owner_added,
    owner_invited,
)
from supportdesk.accounts.exceptions import AccountError, InvitationOver
from supportdesk.accounts.invitations import LASTS, fits
from supportdesk.accounts.models import Account, AgentGroup, Invitation, Role, User
from supportdesk.accounts.models.invitation import new_nonce
from supportdesk.accounts.services.agents import create_agent
from supportdesk.accounts.services.belonging import same_account
from supportdesk.accounts.services.locks import lock_account
from supportdesk.accounts.services.mailing import check_mails
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import redact_line

MAX_OPEN = 100
"""Of an account: a list that people can read."""
_NAME_LENGTH = 120


@transaction.atomic
def invite_agent(
    *,
    account: Account,
    by: User,
    email: str,
    name: str = "",
    role: str = Role.AGENT,
    groups: Iterable[AgentGroup] = (),
    language: str = "",
    now: datetime | None = None,
) -> Invitation:
    """Keep a place for somebody; the mail is the caller's to order, after commit.

    Whether another account has the address is not looked at: nobody is told. The
    owners are told of one who shall be an owner too. Raises AccountError for an address
    that belongs to an agent of the account or is invited already, and when there are
    too many invitations.
    """
    now = now or timezone.now()
    groups = list(groups)
    same_account(account.pk, groups)
    # The account row is the lock for "is there room".
    lock_account(account.pk)
    email = email.strip().lower()
    _check_address(account, email)
    check_mails(account.pk)
    if Invitation.objects.unanswered().filter(account=account).count() >= MAX_OPEN:
        raise AccountError(
            _("There are %(max)s open invitations already. Withdraw some of them.")
            % {"max": MAX_OPEN}
        )
    invitation = Invitation.objects.create(
        account=account,
        email=email,
        name=redact_line(name, _NAME_LENGTH),
        role=role,
        language=language or account.language,
        invited_by=by,
        expires_at=now + LASTS,
    )
    invitation.groups.set(groups)
    _record("invitation.sent", invitation, by=by, changes={"role": ("", role)})
    if role == Role.OWNER:
        _tell_owners(invitation, by)
    return invitation


@transaction.atomic
def change_invitation(
    *,
    invitation: Invitation,
    by: User,
    name: str,
    role: str,
    groups: Iterable[AgentGroup],
    language: str,
) -> Invitation:
    """What the person will be; the link that was sent stays good.

    Raises AccountError when it has been accepted or withdrawn.
    """
    groups = list(groups)
    invitation = _lock_open(invitation)
    same_account(invitation.account_id, groups)
    before = audit.state_of(invitation, "name", "role", "language")
    invitation.name = redact_line(name, _NAME_LENGTH)
    invitation.role = role
    invitation.language = language
    invitation.save(update_fields=["name", "role", "language"])
    invitation.groups.set(groups)
    after = audit.state_of(invitation, "name", "role", "language")
    changes = audit.difference(before, after)
    _record("invitation.changed", invitation, by=by, changes=changes)
    if role == Role.OWNER and "role" in changes:
        _tell_owners(invitation, by)
    return invitation


@transaction.atomic
def renew_invitation(
    *, invitation: Invitation, now: datetime | None = None
) -> Invitation:
    """Seven days more and another link; the former one is worthless from now on.

    Raises AccountError when it has been accepted or withdrawn, and for too many mails.
    """
    invitation = _lock_open(invitation)
    check_mails(invitation.account_id)
    invitation.nonce = new_nonce()
    invitation.expires_at = (now or timezone.now()) + LASTS
    invitation.unsent_at = None
    invitation.save(update_fields=["nonce", "expires_at", "unsent_at"])
    _record("invitation.renewed", invitation)
    return invitation


@transaction.atomic
def revoke_invitation(
    *, invitation: Invitation, now: datetime | None = None
) -> Invitation:
    """Take the place back; raises AccountError when somebody has taken it."""
    invitation = _lock_open(invitation)
    invitation.revoked_at = now or timezone.now()
    invitation.save(update_fields=["revoked_at"])
    _record("invitation.revoked", invitation)
    return invitation


def find_invitation(
    *, public_id: uuid.UUID, key: str, now: datetime | None = None
) -> Invitation:
    """The invitation of a link; raises InvitationOver with a sentence for the reader.

    A wrong key says no more than one of an invitation that never was.
    """
    rows = Invitation.objects.select_related("account", "invited_by")
    invitation = rows.filter(public_id=public_id).first()
    if invitation is None or not fits(invitation, key):
        raise InvitationOver(_("This link is not valid, or a newer one was sent."))
    _check_open(invitation, now or timezone.now())
    return invitation


@transaction.atomic
def accept_invitation(
    *,
    invitation: Invitation,
    key: str,
    name: str,
    password: str,
    now: datetime | None = None,
) -> User:
    """Make an agent of the invited person, with the role and groups of the row.

    Once: of two at the same moment the second one finds it taken. Raises
    InvitationOver, and AccountError if the address has an account already.
    """
    now = now or timezone.now()
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not fits(invitation, key):
        raise InvitationOver(_("This link is not valid, or a newer one was sent."))
    _check_open(invitation, now)
    if User.objects.filter(email=invitation.email).exists():
        raise AccountError(
            _(
                "This e-mail address has an account already, and cannot be in two. "
                "Ask for an invitation to another address."
            )
        )
    agent = create_agent(
        account=invitation.account,
        email=invitation.email,
        name=redact_line(name, _NAME_LENGTH),
        role=invitation.role,
        password=password,
        groups=invitation.groups.all(),
        language=invitation.language,
        by_themselves=True,
    )
    invitation.accepted_at = now
    invitation.agent = agent
    invitation.save(update_fields=["accepted_at", "agent"])
    _record("invitation.accepted", invitation, by=agent)
    if agent.is_owner:
        came = OwnerAdded(owner_id=agent.pk, by_id=invitation.invited_by_id)
        emit_on_commit(owner_added, came)
    return agent


def note_sent(*, invitation: Invitation, now: datetime) -> None:
    rows = Invitation.objects.filter(pk=invitation.pk)
    rows.update(sent_at=now, unsent_at=None)


def note_unsent(*, invitation: Invitation, now: datetime) -> None:
    """The mail was refused, or nobody took it; it may be tried again."""
    Invitation.objects.filter(pk=invitation.pk).update(unsent_at=now)


def _record(
    action: str,
    invitation: Invitation,
    *,
    by: User | None = None,
    changes: audit.Changes | None = None,
) -> None:
    audit.record(
        action,
        account_id=invitation.account_id,
        by=by,
        target=invitation,
        changes=changes,
    )


def _tell_owners(invitation: Invitation, by: User) -> None:
    invited = OwnerInvited(invitation_id=invitation.pk, by_id=by.pk)
    emit_on_commit(owner_invited, invited)


def _lock_open(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",))
    invitation = rows.select_related("account").get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise AccountError(_("This invitation has been accepted already."))
    if invitation.revoked_at is not None:
        raise AccountError(_("This invitation was withdrawn."))
    return invitation


def _check_open(invitation: Invitation, now: datetime) -> None:
    state = invitation.state_at(now)
    if state == Invitation.State.ACCEPTED:
        raise InvitationOver(_("This invitation has been accepted already."))
    if state == Invitation.State.REVOKED:
        raise InvitationOver(_("This invitation was withdrawn."))
    if state == Invitation.State.EXPIRED:
        raise InvitationOver(_("This invitation has expired. Ask for a new one."))
    if invitation.account.is_suspended:
        raise InvitationOver(_("This account is suspended at the moment."))


def _check_address(account: Account, email: str) -> None:
    if User.objects.filter(account=account, email=email).exists():
        raise AccountError(_("This e-mail address is already in use."))
    invited = Invitation.objects.unanswered().filter(account=account, email=email)
    if invited.exists():
        raise AccountError(
            _("This address is invited already. Send that invitation again instead.")
        )
