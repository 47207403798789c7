"""When an account answers."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from supportdesk.accounts import audit, hours
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, BusinessHour, Holiday
from supportdesk.accounts.services.locks import lock_account
from supportdesk.accounts.services.presence import announce_presence


@transaction.atomic
def set_business_hours(
    *,
    account: Account,
    is_on: bool,
    time_zone: str,
    week: Sequence[Iterable[hours.Interval]],
    holidays: Iterable[hours.Day],
) -> Account:
    """Store when the account answers; `week` has the intervals of Monday to Sunday.

    What is open at this moment may be different then, and is told to the widgets.
    Raises AccountError for an interval that ends before it begins or meets another,
    for a week without any, and for a holiday that is named twice.
    """
    days = [sorted(intervals) for intervals in week]
    if len(days) != len(BusinessHour.Weekday):
        raise ValueError("a week has seven days")
    if not all(hours.is_forward(interval) for day in days for interval in day):
        raise AccountError(_("The end must be after the beginning."))
    if any(hours.overlap(day) for day in days):
        raise AccountError(_("Two times of one day overlap."))
    if is_on and not any(days):
        raise AccountError(_("Enter at least one time of one day."))
    holidays = list(holidays)
    if len({holiday.date for holiday in holidays}) < len(holidays):
        raise AccountError(_("A holiday is in the list twice."))
    account = lock_account(account.pk)
    before = _state(account)
    account.has_business_hours = is_on
    account.time_zone = time_zone
    account.save(update_fields=["has_business_hours", "time_zone"])
    account.business_hours.all().delete()
    BusinessHour.objects.bulk_create(
        BusinessHour(account=account, weekday=weekday, opens_at=opens, closes_at=closes)
        for weekday, day in enumerate(days)
        for opens, closes in day
    )
    account.holidays.all().delete()
    Holiday.objects.bulk_create(
        Holiday(
            account=account,
            date=holiday.date,
            name=holiday.name,
            is_yearly=holiday.is_yearly,
        )
        for holiday in holidays
    )
    changes = audit.difference(before, _state(account))
    if changes:
        audit.record("hours.changed", account_id=account.pk, changes=changes)
    transaction.on_commit(partial(announce_presence, account.pk), robust=True)
    return account


def _state(account: Account) -> dict[str, Any]:
    week = account.business_hours.order_by("weekday", "opens_at")
    holidays = account.holidays.order_by("date")
    return audit.state_of(account, "has_business_hours", "time_zone") | {
        "week": [
            # ISO: Monday is 1.
            f"{row.weekday + 1}: {row.opens_at:%H:%M}–{row.closes_at:%H:%M}"  # noqa: RUF001
            for row in week
        ],
        "holidays": [str(day) for day in holidays],
    }
