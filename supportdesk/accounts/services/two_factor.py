"""Who has to prove more than a password, and who may start anew."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.events import (
    AccessChanged,
    TwoFactorReset,
    access_changed,
    two_factor_reset,
)
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, User
from supportdesk.accounts.querysets import FACTORS
from supportdesk.accounts.services.locks import lock_account
from supportdesk.accounts.services.sessions import end_all_sessions
from supportdesk.core.events import emit_on_commit

_NOTED = {
    "factor_added": "sign_in.factor_added",
    "factor_removed": "sign_in.factor_removed",
    "codes_made": "sign_in.codes_made",
}


@transaction.atomic
def require_two_factor(*, account: Account, by: User, required: bool) -> Account:
    """Switch the account's rule; agents without a second factor are led to one at once.

    Raises AccountError when who switches it on has none: they would shut out
    themselves.
    """
    account = lock_account(account.pk)
    if required and not _has_factor(by):
        raise AccountError(_("Set up two-factor sign-in for yourself first."))
    if account.two_factor_required != required:
        audit.record(
            "account.two_factor_changed",
            account_id=account.pk,
            by=by,
            target=account,
            changes={"two_factor_required": (not required, required)},
        )
    account.two_factor_required = required
    account.save(update_fields=["two_factor_required"])
    agents = User.objects.filter(account=account).active()
    for agent_id in agents.order_by("pk").values_list("pk", flat=True):
        # Open pages and sockets learn of it without being asked.
        emit_on_commit(access_changed, AccessChanged(agent_id=agent_id))
    return account


@transaction.atomic
def reset_two_factor(*, agent: User, by: User) -> bool:
    """Take away all factors of an agent who lost them; returns whether there were any.

    They are signed out everywhere: whoever found the lost device is too. Raises
    AccountError for one's own, which the profile's page is for.
    """
    if agent.pk == by.pk:
        raise AccountError(_("Your own factors are on your profile's security page."))
    gone, _rows = Authenticator.objects.filter(user=agent).delete()
    if gone:
        audit.record(
            "agent.two_factor_reset", account_id=agent.account_id, by=by, target=agent
        )
        end_all_sessions(agent=agent)
        emit_on_commit(two_factor_reset, TwoFactorReset(agent_id=agent.pk, by_id=by.pk))
    return bool(gone)


def note_factor(*, agent: User, what: str) -> None:
    """The agent's own factors changed; `what` is a key of `_NOTED`."""
    audit.record(_NOTED[what], account_id=agent.account_id, by=agent, target=agent)


def _has_factor(agent: User) -> bool:
    return Authenticator.objects.filter(user=agent, type__in=FACTORS).exists()
