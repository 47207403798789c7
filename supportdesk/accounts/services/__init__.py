"""Every write to accounts, agents and groups."""

from supportdesk.accounts.services.accounts import (
    create_account,
    finish_start,
    resume_account,
    set_assigning,
    set_privacy,
    suspend_account,
    update_account,
)
from supportdesk.accounts.services.addresses import (
    ask_for_address,
    change_address,
)
from supportdesk.accounts.services.agents import (
    change_access,
    check_access_change,
    create_agent,
    note_seen,
    transfer_ownership,
    update_agent,
    update_profile,
)
from supportdesk.accounts.services.groups import (
    create_group,
    delete_group,
    update_group,
)
from supportdesk.accounts.services.history import note_history_exported
from supportdesk.accounts.services.hours import set_business_hours
from supportdesk.accounts.services.invitations import (
    accept_invitation,
    change_invitation,
    find_invitation,
    invite_agent,
    note_sent,
    note_unsent,
    renew_invitation,
    revoke_invitation,
)
from supportdesk.accounts.services.keeping import delete_old
from supportdesk.accounts.services.leaving import (
    GRACE as ERASURE_GRACE,
)
from supportdesk.accounts.services.leaving import (
    cancel_erasure,
    note_account_export_discarded,
    note_account_export_taken,
    request_account_export,
    request_erasure,
)
from supportdesk.accounts.services.mailing import note_password_link
from supportdesk.accounts.services.presence import announce_presence, set_presence
from supportdesk.accounts.services.sessions import (
    delete_ended_sessions,
    end_agent_session,
    end_other_sessions,
    end_session,
    note_failed_factor,
    note_failed_sign_in,
    note_password_changed,
    note_session,
    note_sign_in,
)
from supportdesk.accounts.services.sign_ups import (
    GOOD_FOR as SIGN_UP_GOOD_FOR,
)
from supportdesk.accounts.services.sign_ups import (
    begin_sign_up,
    confirm_sign_up,
    delete_old_sign_ups,
    knows_password,
)
from supportdesk.accounts.services.two_factor import (
    note_factor,
    require_two_factor,
    reset_two_factor,
)

__all__ = [
    "ERASURE_GRACE",
    "SIGN_UP_GOOD_FOR",
    "accept_invitation",
    "announce_presence",
    "ask_for_address",
    "begin_sign_up",
    "cancel_erasure",
    "change_access",
    "change_address",
    "change_invitation",
    "check_access_change",
    "confirm_sign_up",
    "create_account",
    "create_agent",
    "create_group",
    "delete_ended_sessions",
    "delete_group",
    "delete_old",
    "delete_old_sign_ups",
    "end_agent_session",
    "end_other_sessions",
    "end_session",
    "find_invitation",
    "finish_start",
    "invite_agent",
    "knows_password",
    "note_account_export_discarded",
    "note_account_export_taken",
    "note_factor",
    "note_failed_factor",
    "note_failed_sign_in",
    "note_history_exported",
    "note_password_changed",
    "note_password_link",
    "note_seen",
    "note_sent",
    "note_session",
    "note_sign_in",
    "note_unsent",
    "renew_invitation",
    "request_account_export",
    "request_erasure",
    "require_two_factor",
    "reset_two_factor",
    "resume_account",
    "revoke_invitation",
    "set_assigning",
    "set_business_hours",
    "set_presence",
    "set_privacy",
    "suspend_account",
    "transfer_ownership",
    "update_account",
    "update_agent",
    "update_group",
    "update_profile",
]
