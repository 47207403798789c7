"""A company opens its account by itself."""

from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import SignUp, User
from supportdesk.accounts.services.accounts import create_account

GOOD_FOR = timedelta(days=2)
"""How long the link in the mail opens the account."""


@transaction.atomic
def begin_sign_up(
    *, company: str, name: str, email: str, password: str, language: str, time_zone: str
) -> SignUp:
    """Keep what a company entered until its address is confirmed.

    Does not look who has the address: the answer to the form must not tell, not even
    by the time it takes.
    """
    return SignUp.objects.create(
        company=company,
        name=name,
        email=email,
        password=make_password(password),
        language=language,
        time_zone=time_zone,
    )


def knows_password(sign_up: SignUp, password: str) -> bool:
    """Whether this is the password that was chosen when signing up."""
    return check_password(password, sign_up.password)


@transaction.atomic
def confirm_sign_up(*, sign_up: SignUp) -> User:
    """Open the account; returns its owner.

    Other sign-ups of the address are void then. Raises AccountError when this one was
    confirmed already, is too old, or the address belongs to somebody by now.
    """
    kept = SignUp.objects.select_for_update().filter(
        pk=sign_up.pk, created_at__gt=timezone.now() - GOOD_FOR
    )
    found = kept.first()
    if found is None:
        raise AccountError(_("This link is no longer valid."))
    account = create_account(
        name=found.company,
        owner_email=found.email,
        owner_name=found.name,
        password=None,
        by_owner=True,
        language=found.language,
        time_zone=found.time_zone,
    )
    owner: User = account.agents.get()
    owner.password = found.password
    owner.save(update_fields=["password"])
    SignUp.objects.filter(email=found.email).delete()
    return owner


def delete_old_sign_ups() -> int:
    """Forget those that nobody confirmed in time; returns how many."""
    old = SignUp.objects.filter(created_at__lte=timezone.now() - GOOD_FOR)
    return old.delete()[0]
