"""The address that an agent signs in with: it changes by a link sent to the new one."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.addresses import read_link
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import User
from supportdesk.accounts.services.locks import lock_account, lock_agents
from supportdesk.accounts.services.mailing import check_mails


@transaction.atomic
def ask_for_address(*, agent: User, by: User, email: str) -> str:
    """Note that the agent shall sign in with another address; returns it as stored.

    Nothing changes yet, and nobody looks who has the address: the mails, which are the
    caller's to order, find that out. Raises AccountError for who is switched off, for
    the address they have, and for too many mails.
    """
    email = email.strip().lower()
    if not agent.is_active:
        raise AccountError(_("This agent is switched off."))
    if email == agent.email:
        raise AccountError(_("This is the address already."))
    check_mails(agent.account_id, agent)
    audit.record(
        "agent.address_asked",
        account_id=agent.account_id,
        by=by,
        target=agent,
        changes={"email": (agent.email, email)},
    )
    return email


@transaction.atomic
def change_address(*, token: str, now: datetime) -> tuple[User, str]:
    """Take on the address of a link that was opened there; returns agent and former one.

    Raises AccountError for a link that is worth nothing any more, and for an address
    that somebody else has by now.
    """
    change = read_link(token, now)
    if change is None or change.agent.account_id is None:
        raise AccountError(_("It was used already, or it is too old."))
    lock_account(change.agent.account_id)
    lock_agents(change.agent.pk)
    # Of two at the same moment the second one finds it used.
    change = read_link(token, now)
    if change is None:
        raise AccountError(_("It was used already, or it is too old."))
    agent, former = change.agent, change.agent.email
    agent.email = change.email
    try:
        with transaction.atomic():
            agent.save(update_fields=["email"])
    except IntegrityError as error:
        raise AccountError(
            _("This e-mail address has an account already, and cannot be in two.")
        ) from error
    audit.record(
        "agent.address_changed",
        account_id=agent.account_id,
        by=agent,
        target=agent,
        changes={"email": (former, agent.email)},
    )
    return agent, former
