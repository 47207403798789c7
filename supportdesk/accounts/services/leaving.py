"""An account that takes its data along, or goes for good."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AccountExport, User

GRACE = timedelta(days=7)
"""Between asking for an account to be erased and that."""
KEPT_FOR = timedelta(days=7)


@transaction.atomic
def request_account_export(
    *, account: Account, by: User, now: datetime
) -> AccountExport:
    """Note that all of the account is to be written into a file; a task does it.

    Raises AccountError for who is no owner, and while another one is being written.
    """
    _check_owner(account, by)
    try:
        with transaction.atomic():
            export = AccountExport.objects.create(
                account=account, agent=by, created_at=now, expires_at=now + KEPT_FOR
            )
    except IntegrityError as error:
        raise AccountError(_("An export is being written already.")) from error
    audit.record("account.export_requested", account_id=account.pk, by=by)
    return export


def note_account_export_taken(*, export: AccountExport, by: User) -> None:
    """The file leaves the desk."""
    audit.record("account.export_taken", account_id=export.account_id, by=by)


def note_account_export_discarded(*, export: AccountExport, by: User) -> None:
    """The file is gone before its time."""
    audit.record("account.export_discarded", account_id=export.account_id, by=by)


@transaction.atomic
def request_erasure(
    *, account: Account, by: User, name: str, password: str, now: datetime
) -> Account:
    """Have the account erased after the days of grace; owners are told by the caller.

    Raises AccountError unless an owner types the account's name and their password,
    and when that was asked for already.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    _check_owner(account, by)
    if account.erase_at is not None:
        raise AccountError(_("The account is going to be erased already."))
    if " ".join(name.split()) != " ".join(account.name.split()):
        raise AccountError(_("This is not the name of the account."))
    if not by.check_password(password):
        raise AccountError(_("This is not your password."))
    account.erase_at = now + GRACE
    account.save(update_fields=["erase_at"])
    audit.record(
        "account.erasure_requested",
        account_id=account.pk,
        by=by,
        changes={"erase_at": (None, account.erase_at)},
    )
    return account


@transaction.atomic
def cancel_erasure(*, account: Account, by: User, now: datetime) -> Account:
    """Keep the account after all; a second time changes nothing.

    Raises AccountError for who is no owner, and once it has begun.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    _check_owner(account, by)
    if account.erase_at is None:
        return account
    if account.erase_at <= now:
        raise AccountError(_("It is too late: the account is being erased."))
    account.erase_at = None
    account.save(update_fields=["erase_at"])
    audit.record("account.erasure_cancelled", account_id=account.pk, by=by)
    return account


def _check_owner(account: Account, by: User) -> None:
    if not (by.is_owner and by.is_active and by.account_id == account.pk):
        raise AccountError(_("Only owners of the account can do this."))
