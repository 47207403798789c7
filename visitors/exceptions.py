from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from visitors.models import VisitorNote


class VisitorError(Exception):
    """A refusal whose message may be shown to the person who asked."""


class InvalidContact(VisitorError):
    """A value that is none; `field` says of which field."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NoteConflict(VisitorError):
    """Somebody else changed the note in the meantime; `stored` is what they wrote."""

    def __init__(self, stored: "VisitorNote") -> None:
        super().__init__(_("Somebody else has changed this note in the meantime."))
        self.stored = stored


class UserIdTaken(VisitorError):
    """Another profile of the account has this name of the shop's."""

    def __init__(self) -> None:
        super().__init__(_("Another visitor has this customer id."))
