"""The shop's own names for people; the shop's server may set them."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts.models import Account
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import clean_line, redact_line
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import UserIdTaken, VisitorError
from visitors.models import Source, Visitor
from visitors.services.profile import update_contact

USER_ID_LENGTH = 255


def check_user_id(user_id: str) -> str:
    """The id as it is: a name that had to be cleaned would be another one's.

    Raises VisitorError.
    """
    if not user_id or clean_line(user_id, USER_ID_LENGTH) != user_id:
        raise VisitorError(
            _("This must be 1 to %(max)s characters in one line.")
            % {"max": USER_ID_LENGTH}
        )
    if redact_line(user_id, USER_ID_LENGTH) != user_id:
        raise VisitorError(_("This looks like a card number, which is not stored."))
    return user_id


def find_by_user_id(*, account: Account, user_id: str) -> Visitor | None:
    """The profile of a shop's customer; after a merge the kept one has the name."""
    profiles = Visitor.objects.filter(account=account).profiles()
    return profiles.filter(user_id=user_id).first() if user_id else None


@transaction.atomic
def save_by_user_id(
    *,
    account: Account,
    user_id: str,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> tuple[Visitor, bool]:
    """Store what the shop's server says of its customer; the second value tells
    whether the profile is new.

    `None` leaves a field. Raises VisitorError, and stores nothing then.
    """
    check_user_id(user_id)
    visitor = find_by_user_id(account=account, user_id=user_id)
    is_new = visitor is None
    if visitor is None:
        visitor, is_new = _create(account, user_id)
    visitor = update_contact(
        visitor=visitor, source=Source.API, name=name, email=email, phone=phone
    )
    return visitor, is_new


def _create(account: Account, user_id: str) -> tuple[Visitor, bool]:
    """Two at once make one profile: the index lets the second wait for the first."""
    try:
        with transaction.atomic():
            # Without `last_seen_at`: nobody has seen this person here yet.
            created = Visitor.objects.create(
                account=account, user_id=user_id, language=account.language
            )
    except IntegrityError:
        found = find_by_user_id(account=account, user_id=user_id)
        if found is None:
            raise
        return found, False
    return created, True


@transaction.atomic
def update_from_shop(
    *,
    visitor: Visitor,
    user_id: str | None = None,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Visitor:
    """Change a profile as the shop's server says; `None` leaves a field, an empty text
    clears it. Raises UserIdTaken and VisitorError, and stores nothing then."""
    visitor = Visitor.objects.select_for_update(of=("self",)).get(pk=visitor.pk)
    if user_id is not None and user_id != visitor.user_id:
        visitor.user_id = check_user_id(user_id) if user_id else ""
        try:
            with transaction.atomic():
                visitor.save(update_fields=["user_id"])
        except IntegrityError:
            raise UserIdTaken from None
        emit_on_commit(visitor_updated, VisitorUpdated(visitor_id=visitor.pk))
    return update_contact(
        visitor=visitor, source=Source.API, name=name, email=email, phone=phone
    )
