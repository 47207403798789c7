"""Every write to a visitor: one function per verb, each its own transaction."""

from visitors.services.note import NOTE_LENGTH, read_note, save_note
from visitors.services.profile import create_visitor, mark_seen, update_contact
from visitors.services.visits import (
    MAX_VISIT_PAGES,
    Browser,
    SeenPage,
    record_pages,
)

__all__ = [
    "MAX_VISIT_PAGES",
    "NOTE_LENGTH",
    "Browser",
    "SeenPage",
    "create_visitor",
    "mark_seen",
    "read_note",
    "record_pages",
    "save_note",
    "update_contact",
]
