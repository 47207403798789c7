"""Every write to a visitor: one function per verb, each its own transaction."""

from visitors.services.customer import not_taken, set_customer_information
from visitors.services.identity import (
    customer_profile,
    find_by_user_id,
    set_user_id,
)
from visitors.services.merging import (
    UNDO_PERIOD,
    finish_merge,
    join_profiles,
    lock_profile,
    note_conversation,
    overdue,
    part_profiles,
    parts_of,
    undoable_of,
)
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
    "UNDO_PERIOD",
    "Browser",
    "SeenPage",
    "create_visitor",
    "customer_profile",
    "find_by_user_id",
    "finish_merge",
    "join_profiles",
    "lock_profile",
    "mark_seen",
    "not_taken",
    "note_conversation",
    "overdue",
    "part_profiles",
    "parts_of",
    "read_note",
    "record_pages",
    "save_note",
    "set_customer_information",
    "set_user_id",
    "undoable_of",
    "update_contact",
]
