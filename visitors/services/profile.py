"""Who the visitor is: name, e-mail, phone, and where each of them comes from."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts.models import Account
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import clean_line, redact_line
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import InvalidContact
from visitors.models import Source, Visit, Visitor
from visitors.phones import normalise, region_of
from visitors.services.locking import lock_profile

NAME_LENGTH, EMAIL_LENGTH, PHONE_LENGTH = 255, 254, 50
# Whose word a weaker source does not replace; people's own always counts.
_STANDS_AGAINST = {
    Source.AGENT: frozenset[str](),
    Source.FORM: frozenset[str](),
    Source.SIGNED: frozenset({Source.AGENT, Source.FORM}),
    Source.API: frozenset({Source.AGENT, Source.FORM}),
    Source.PAGE: frozenset({Source.AGENT, Source.FORM, Source.SIGNED, Source.API}),
}


def create_visitor(*, account: Account, language: str) -> Visitor:
    return Visitor.objects.create(
        account=account, language=language, last_seen_at=timezone.now()
    )


# A program that sends no number is wrong; a person who types one in a form may write
# "evenings only" beside it.
_ASKED_FOR_NUMBERS = (Source.AGENT, Source.PAGE, Source.SIGNED)
# From what anybody can say to what the shop vouches for.
_TRUST = (Source.PAGE, Source.FORM, Source.AGENT, Source.API, Source.SIGNED)


@transaction.atomic
def update_contact(
    *,
    visitor: Visitor,
    source: Source,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Visitor:
    """Store contact data; `None` leaves a field, an empty text clears it.

    Returns the profile that has it now, which the visitor may be part of. What a
    stronger source said stays. Card numbers are hidden first. Raises InvalidContact for
    an address that is none, and for a phone number that is none unless a visitor typed
    it or the shop's server said so: that is better than nothing.
    """
    visitor = lock_profile(visitor.pk)
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = redact_line(name, NAME_LENGTH)
    if phone is not None:
        values["phone"] = redact_line(phone, PHONE_LENGTH)
        if source in _ASKED_FOR_NUMBERS:
            values["phone"] = _checked_phone(values["phone"], visitor)
    if email is not None:
        values["email"] = _checked_email(email)
    changed = []
    for field, value in values.items():
        if getattr(visitor, field) == value:
            stays = not value or not _confirms(visitor, field, source)
        else:
            stays = _stands(visitor, field, source)
        if stays:
            continue
        setattr(visitor, field, value)
        setattr(visitor, f"{field}_source", source if value else "")
        changed += [field, f"{field}_source"]
    if not changed:
        return visitor
    visitor.save(update_fields=changed)
    emit_on_commit(visitor_updated, VisitorUpdated(visitor_id=visitor.pk))
    return visitor


def _stands(visitor: Visitor, field: str, source: Source) -> bool:
    """Whether what is stored weighs more than what `source` says."""
    if not getattr(visitor, field):
        return False
    return _source_of(visitor, field) in _STANDS_AGAINST[source]


def _confirms(visitor: Visitor, field: str, source: Source) -> bool:
    """Whether the same value is better known now than it was."""
    return _TRUST.index(source) > _TRUST.index(_source_of(visitor, field))


def _source_of(visitor: Visitor, field: str) -> Source:
    return Source(getattr(visitor, f"{field}_source") or Source.FORM)


def _checked_email(email: str) -> str:
    email = clean_line(email, EMAIL_LENGTH + 1)
    if not email:
        return ""
    try:
        if len(email) > EMAIL_LENGTH:
            raise ValidationError("too long")
        validate_email(email)
    except ValidationError:
        raise _no_email() from None
    # An address may hold a card number too; what is left is no address any more.
    if redact_line(email, EMAIL_LENGTH) != email:
        raise _no_email()
    return email


def _no_email() -> InvalidContact:
    return InvalidContact(_("Please enter a complete e-mail address."), "email")


def _checked_phone(phone: str, visitor: Visitor) -> str:
    """With its country where that is sure; the visitor's own comes first."""
    if not phone or phone == visitor.phone:
        return phone
    visits = Visit.objects.filter(visitor=visitor).exclude(country="")
    seen_in = visits.order_by("-last_seen_at").values_list("country", flat=True).first()
    number = normalise(phone, filter(None, (seen_in, region_of(visitor.account))))
    if number is None:
        raise InvalidContact(_("Please enter a complete phone number."), "phone")
    return number


def mark_seen(*, visitor: Visitor, at: datetime | None = None) -> None:
    """Note that the visitor was here; at most one write a minute."""
    now = at or timezone.now()
    stale = Q(last_seen_at__isnull=True) | Q(
        last_seen_at__lt=now - timedelta(minutes=1)
    )
    Visitor.objects.filter(stale, pk=visitor.pk).update(last_seen_at=now)
