"""The shop's own names for people: its server says them, or its signature does."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from supportdesk.accounts.models import Account
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import clean_line, redact_line
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import UserIdTaken, VisitorError
from visitors.models import Source, Visitor
from visitors.services.locking import lock_profile
from visitors.services.profile import update_contact

USER_ID_LENGTH = 255


def check_user_id(user_id: str) -> str:
    """The id as it is: a name that had to be cleaned would be another one's.

    Raises VisitorError.
    """
    # U+FFFD stands for bytes that were no text: for any, so for nobody.
    lost = not user_id or "\ufffd" in user_id
    if lost or clean_line(user_id, USER_ID_LENGTH) != user_id:
        raise VisitorError(
            _("This must be 1 to %(max)s characters in one line.")
            % {"max": USER_ID_LENGTH}
        )
    if redact_line(user_id, USER_ID_LENGTH) != user_id:
        raise VisitorError(_("This looks like a card number, which is not stored."))
    return user_id


def find_by_user_id(*, account: Account, user_id: str) -> Visitor | None:
    """The profile of a shop's customer; after a merge the kept one has the name.

    What a part still holds does not count: the shop may have named the whole anew,
    and the id be somebody else's by now.
    """
    profiles = Visitor.objects.filter(account=account).profiles()
    return profiles.filter(user_id=user_id).first() if user_id else None


@transaction.atomic
def customer_profile(
    *, account: Account, user_id: str, language: str, seen_at: datetime | None = None
) -> tuple[Visitor, bool]:
    """The profile of the shop's customer, and whether it was begun just now.

    Whoever calls has the id from the shop's server or under its signature.
    """
    while (known := find_by_user_id(account=account, user_id=user_id)) is None:
        try:
            with transaction.atomic():
                created = Visitor.objects.create(
                    account=account,
                    user_id=user_id,
                    language=language,
                    last_seen_at=seen_at,
                )
        except IntegrityError:
            # Another browser, or request, of this customer was faster.
            continue
        return created, True
    return known, False


def set_user_id(*, visitor: Visitor, user_id: str) -> Visitor | None:
    """Give a profile the shop's name for it, which whoever calls has checked.

    None, and nothing is locked any more, if it has another name already or another
    profile has this one.
    """
    try:
        with transaction.atomic():
            visitor = lock_profile(visitor.pk)
            if visitor.user_id == user_id:
                return visitor
            if visitor.user_id:
                raise IntegrityError
            visitor.user_id = user_id
            visitor.save(update_fields=["user_id"])
            emit_on_commit(visitor_updated, VisitorUpdated(visitor_id=visitor.pk))
    except IntegrityError:
        return None
    return visitor


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
    # Not seen yet: so far only the shop's server has spoken of this person.
    visitor, is_new = customer_profile(
        account=account, user_id=user_id, language=account.language
    )
    visitor = update_contact(
        visitor=_lock(visitor),
        source=Source.API,
        name=name,
        email=email,
        phone=phone,
    )
    return visitor, is_new


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
    visitor = _lock(visitor)
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


def _lock(visitor: Visitor) -> Visitor:
    """Lock the profile that the visitor is, or has just become part of.

    Without a lock on the part: a merge locks both, by key, and would wait for us
    while we wait for it.
    """
    visitor_id = visitor.pk
    while True:
        savepoint = transaction.savepoint()
        locked = Visitor.objects.select_for_update(of=("self",)).get(pk=visitor_id)
        if locked.merged_into_id is None:
            return locked
        transaction.savepoint_rollback(savepoint)
        visitor_id = locked.merged_into_id
