"""Every write to a visitor's profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts.models import Account, IpStorage, User
from supportdesk.core import client_ip
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import clean_line, redact_line, redact_text
from visitors.devices import MAX_USER_AGENT, clean_hints
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import NoteConflict, VisitorError
from visitors.models import PageView, Visit, Visitor, VisitorNote

NAME_LENGTH, EMAIL_LENGTH, PHONE_LENGTH = 255, 254, 50
NOTE_LENGTH = 5000
VISIT_PAUSE = timedelta(minutes=30)
MAX_VISIT_PAGES = 500


@dataclass(frozen=True)
class SeenPage:
    """A page as it may be stored: cleaned by whoever received it."""

    url: str
    title: str
    at: datetime


@dataclass(frozen=True)
class Browser:
    """What a request says about itself: the address in full, nothing cleaned."""

    ip: str = ""
    user_agent: str = ""
    hints: Any = None


def create_visitor(*, account: Account, language: str) -> Visitor:
    return Visitor.objects.create(
        account=account, language=language, last_seen_at=timezone.now()
    )


@transaction.atomic
def update_contact(
    *,
    visitor: Visitor,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Visitor:
    """Store contact data; `None` leaves a field, an empty text clears it.

    Card numbers are hidden first. Raises VisitorError for an address that is none.
    """
    visitor = Visitor.objects.select_for_update().get(pk=visitor.pk)
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = redact_line(name, NAME_LENGTH)
    if phone is not None:
        values["phone"] = redact_line(phone, PHONE_LENGTH)
    if email is not None:
        values["email"] = _checked_email(email)
    changed = [
        field for field, value in values.items() if getattr(visitor, field) != value
    ]
    if not changed:
        return visitor
    for field in changed:
        setattr(visitor, field, values[field])
    visitor.save(update_fields=changed)
    emit_on_commit(visitor_updated, VisitorUpdated(visitor_id=visitor.pk))
    return visitor


def _checked_email(email: str) -> str:
    email = clean_line(email, EMAIL_LENGTH + 1)
    if not email:
        return ""
    try:
        if len(email) > EMAIL_LENGTH:
            raise ValidationError("too long")
        validate_email(email)
    except ValidationError:
        raise VisitorError(_("Please enter a complete e-mail address.")) from None
    # An address may hold a card number too; what is left is no address any more.
    if redact_line(email, EMAIL_LENGTH) != email:
        raise VisitorError(_("Please enter a complete e-mail address."))
    return email


def mark_seen(*, visitor: Visitor, at: datetime | None = None) -> None:
    """Note that the visitor was here; at most one write a minute."""
    now = at or timezone.now()
    stale = Q(last_seen_at__isnull=True) | Q(
        last_seen_at__lt=now - timedelta(minutes=1)
    )
    Visitor.objects.filter(stale, pk=visitor.pk).update(last_seen_at=now)


@transaction.atomic
def save_note(*, visitor: Visitor, agent: User, text: str, version: int) -> VisitorNote:
    """Store the personal note as changed from `version`; card numbers are hidden.

    Raises NoteConflict with the stored note if somebody else was faster, and
    VisitorError for a text that is too long; nothing is stored then.
    """
    text = redact_text(text).text
    if len(text) > NOTE_LENGTH:
        raise VisitorError(
            _("The note is too long: at most %(max)s characters.")
            % {"max": NOTE_LENGTH}
        )
    # The visitor's row, for there may be no note yet that could be locked.
    Visitor.objects.select_for_update().get(pk=visitor.pk)
    note = read_note(visitor)
    if note.text == text:
        return note
    if note.version != version:
        raise NoteConflict(note)
    note.text, note.agent = text, agent
    note.changed_at, note.version = timezone.now(), version + 1
    note.save()
    return note


def read_note(visitor: Visitor) -> VisitorNote:
    """The visitor's note; an unsaved, empty one if nobody wrote any yet."""
    note = VisitorNote.objects.select_related("agent").filter(visitor=visitor).first()
    return note or VisitorNote(visitor=visitor)


@transaction.atomic
def record_pages(
    *,
    visitor: Visitor,
    pages: Sequence[SeenPage],
    referrer: str = "",
    campaign: Mapping[str, str] | None = None,
    browser: Browser = Browser(),
) -> Visit:
    """Add pages, in order of time, to the visit that goes on, or begin the next one.

    Referrer and campaign are those of the first page: they count for a new visit
    only, as does the browser. The account says how much of the address is stored. A visit keeps its first `MAX_VISIT_PAGES` pages.
    """
    now = timezone.now()
    # Two tabs of a visitor begin one visit.
    Visitor.objects.select_for_update(no_key=True).get(pk=visitor.pk)
    visit = (
        Visit.objects.filter(visitor=visitor, last_seen_at__gt=now - VISIT_PAUSE)
        .order_by("-last_seen_at")
        .first()
    )
    taken = list(pages[: MAX_VISIT_PAGES - (visit.page_count if visit else 0)])
    if visit is None:
        visit = Visit.objects.create(
            visitor=visitor,
            started_at=min([now, *(page.at for page in pages)]),
            last_seen_at=now,
            referrer=referrer,
            campaign=dict(campaign or {}),
            ip=_stored_ip(visitor.account, browser.ip),
            user_agent=redact_line(browser.user_agent, MAX_USER_AGENT),
            hints=clean_hints(browser.hints),
            page_count=len(taken),
        )
    else:
        visit.last_seen_at = max(visit.last_seen_at, now)
        visit.page_count += len(taken)
        visit.save(update_fields=["last_seen_at", "page_count"])
    PageView.objects.bulk_create(
        PageView(visit=visit, url=page.url, title=page.title, at=page.at)
        for page in taken
    )
    mark_seen(visitor=visitor, at=now)
    return visit


def _stored_ip(account: Account, ip: str) -> str | None:
    if account.ip_storage == IpStorage.NONE:
        return None
    short = account.ip_storage == IpStorage.SHORT
    return (client_ip.shortened(ip) if short else ip) or None
