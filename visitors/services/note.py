"""The personal note, which every agent may write and nobody overwrites unseen."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import redact_text
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import NoteConflict, VisitorError
from visitors.models import Visitor, VisitorNote
from visitors.services.locking import lock_profile

NOTE_LENGTH = 5000


@transaction.atomic
def save_note(*, visitor: Visitor, agent: User, text: str, version: int) -> VisitorNote:
    """Store the personal note as changed from `version`; card numbers are hidden.

    It is the note of the profile that the visitor is part of. Raises NoteConflict with
    the stored note if somebody else was faster, and VisitorError for a text that is
    too long; nothing is stored then.
    """
    text = redact_text(text).text
    if len(text) > NOTE_LENGTH:
        raise VisitorError(
            _("The note is too long: at most %(max)s characters.")
            % {"max": NOTE_LENGTH}
        )
    # The visitor's row, for there may be no note yet that could be locked.
    visitor = lock_profile(visitor.pk)
    note = read_note(visitor)
    if note.text == text:
        return note
    if note.version != version:
        raise NoteConflict(note)
    note.text, note.agent = text, agent
    note.changed_at, note.version = timezone.now(), version + 1
    note.save()
    emit_on_commit(
        visitor_updated, VisitorUpdated(visitor_id=visitor.pk, sections=("note",))
    )
    return note


def read_note(visitor: Visitor) -> VisitorNote:
    """The visitor's note; an unsaved, empty one if nobody wrote any yet."""
    note = VisitorNote.objects.select_related("agent").filter(visitor=visitor).first()
    return note or VisitorNote(visitor=visitor)


def note_of(visitor: Visitor) -> VisitorNote:
    """The same, of a visitor who was read with their note: without a query."""
    try:
        return visitor.note
    except VisitorNote.DoesNotExist:
        return VisitorNote(visitor=visitor)
