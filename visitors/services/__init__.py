"""Every write to a visitor: one function per verb, each its own transaction."""

from visitors.services.blocking import (
    REASON_LENGTH,
    block_network,
    block_of,
    block_visitor,
    blocks_of,
    delete_ended_blocks,
    network_around,
    network_block_of,
    parse_network,
    unblock,
    unblock_visitor,
    visitors_in,
)
from visitors.services.customer import (
    not_taken,
    set_customer_information,
)
from visitors.services.erasing import (
    delete_profile,
)
from visitors.services.keeping import delete_old_visits
from visitors.services.locking import (
    lock_profile,
)
from visitors.services.merging import (
    UNDO_PERIOD,
    finish_merge,
    join_profiles,
    note_conversation,
    note_split,
    overdue,
    part_profiles,
    parts_of,
    undoable_of,
)
from visitors.services.naming import audit_target
from visitors.services.note import (
    NOTE_LENGTH,
    note_of,
    read_note,
    save_note,
)
from visitors.services.profile import (
    create_visitor,
    mark_seen,
    update_contact,
)
from visitors.services.user_ids import (
    check_user_id,
    customer_profile,
    find_by_user_id,
    save_by_user_id,
    set_user_id,
    update_from_shop,
)
from visitors.services.visits import (
    MAX_VISIT_PAGES,
    VISIT_PAUSE,
    Browser,
    SeenPage,
    continue_visit,
    record_pages,
)

__all__ = [
    "MAX_VISIT_PAGES",
    "NOTE_LENGTH",
    "REASON_LENGTH",
    "UNDO_PERIOD",
    "VISIT_PAUSE",
    "Browser",
    "SeenPage",
    "audit_target",
    "block_network",
    "block_of",
    "block_visitor",
    "blocks_of",
    "check_user_id",
    "continue_visit",
    "create_visitor",
    "customer_profile",
    "delete_ended_blocks",
    "delete_old_visits",
    "delete_profile",
    "find_by_user_id",
    "finish_merge",
    "join_profiles",
    "lock_profile",
    "mark_seen",
    "network_around",
    "network_block_of",
    "not_taken",
    "note_conversation",
    "note_of",
    "note_split",
    "overdue",
    "parse_network",
    "part_profiles",
    "parts_of",
    "read_note",
    "record_pages",
    "save_by_user_id",
    "save_note",
    "set_customer_information",
    "set_user_id",
    "unblock",
    "unblock_visitor",
    "undoable_of",
    "update_contact",
    "update_from_shop",
    "visitors_in",
]
