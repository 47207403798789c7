"""Who may open which address of the desk: a table that every route has to stand in."""

from supportdesk.accounts.models import Role
from tests.isolation.house import OPERATOR, ROLES
from tests.isolation.routes import Route

AGENT, FULL, OWNER = Role.AGENT, Role.FULL, Role.OWNER
NOBODY = "nobody"

# The least role of the account that opens it. Whoever adds a route says it here.
LEAST: dict[str, set[str]] = {
    AGENT: {
        "conversations:inbox",
        "conversations:bulk",
        "conversations:bulk_undo",
        "conversations:view_create",
        "conversations:view_counts",
        "conversations:view_rename",
        "conversations:view_delete",
        "conversations:live",
        "conversations:exports",
        "conversations:export_start",
        "conversations:attachment",
        "conversations:conversation",
        "conversations:messages",
        "conversations:head",
        "conversations:reply",
        "conversations:note",
        "conversations:canned",
        "conversations:canned_used",
        "conversations:colleagues",
        "conversations:join",
        "conversations:assign",
        "conversations:unassign",
        "conversations:group",
        "conversations:transfer",
        "conversations:join_with",
        "conversations:split",
        "conversations:conversation_export",
        "conversations:conversation_file",
        # Says "only who is assigned" to the others.
        "conversations:resolve",
        "conversations:reopen",
        "conversations:read",
        "conversations:unread",
        "conversations:priority",
        "conversations:snooze",
        "conversations:follow",
        "conversations:unfollow",
        "conversations:wake",
        "conversations:tag_options",
        "conversations:tag_add",
        "conversations:tag_remove",
        "conversations:card_edit",
        "conversations:visitor_head",
        "conversations:visitor_contact",
        "conversations:visitor_customer",
        "conversations:visitor_conversations",
        "conversations:visitor_note",
        "conversations:visitor_note_save",
        "conversations:visitor_history",
        "conversations:visitor_visit",
        "conversations:visitor_state",
        "conversations:visitor_block",
        "conversations:visitor_unblock",
        "conversations:visitor_block_address",
        "conversations:visitor_merge",
        "conversations:visitor_merge_with",
        "conversations:visitor_merge_undo",
        "website:start",
        "notifications:account",
        "notifications:preferences",
        "notifications:test_mail",
        "notifications:preview",
        "notifications:push_key",
        "notifications:push_subscribe",
        "notifications:push_unsubscribe",
        "notifications:push_test",
        "accounts:address",
        "accounts:profile",
        "accounts:presence",
        "accounts:picture",
        "settings:canned_replies",
        "settings:canned_reply_new",
        "settings:canned_reply_file",
    },
    FULL: {
        "conversations:report",
        "conversations:report_table",
        "conversations:visitor_export",
        "conversations:visitor_erase",
        "accounts:hours",
        "accounts:groups",
        "accounts:group_create",
        "accounts:group_edit",
        "accounts:group_delete",
        "accounts:api_tokens",
        "accounts:api_token_revoke",
        "accounts:history",
        "accounts:history_file",
        "settings:home",
        "settings:visitor_card",
        "settings:privacy",
        "settings:blocked",
        "settings:block_lift",
        # The house's is shared; their own is everybody's matter.
        "settings:canned_reply",
        "settings:canned_reply_delete",
        "settings:tags",
        "settings:tag_change",
        "settings:tag_merge",
        "settings:tag_archive",
        "settings:tag_restore",
        "settings:tag_delete",
        "settings:channels",
        "settings:website_create",
        "settings:website",
        "settings:identity_create",
        "settings:identity_remove",
    },
    OWNER: {
        "start:start",
        "start:website",
        "start:seen",
        "start:arrived",
        "start:invite",
        "start:preview",
        "start:finish",
        "accounts:account_security",
        "accounts:general",
        "operations:account",
        "operations:account_export",
        "operations:account_export_discard",
        "operations:account_file",
        "operations:erase",
        "operations:keep",
        # One person's, and in the house the owner's: nobody else has them at all.
        "conversations:export_discard",
        "conversations:export_file",
        "accounts:session_end",
        "mfa_remove_webauthn",
    },
    OPERATOR: {
        "operations:health",
        "admin:accounts_account_add",
        "admin:accounts_account_suspend",
        "admin:accounts_account_resume",
    },
    NOBODY: {
        "admin:accounts_account_delete",
        "admin:accounts_apitoken_add",
        "admin:accounts_apitoken_delete",
        "admin:accounts_auditentry_add",
        "admin:accounts_auditentry_delete",
        "admin:accounts_invitation_delete",
        "admin:accounts_user_add",
        "admin:accounts_user_delete",
        "admin:conversations_channel_add",
        "admin:conversations_channel_delete",
    },
}

# What is about whoever asks, and about nothing else; the operator has it too.
PERSONAL = {
    "accounts:security",
    "accounts:second_factor",
    "accounts:sessions_end",
    "mfa_authenticate",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "account_logout",
    "account_change_password",
}
# Before anybody signs in, or in whatever state: nothing of an account is in them.
OPEN = {
    "account_suspended",
    "accounts:sign_up",
    "accounts:sign_up_sent",
    "account_login",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_inactive",
    "notifications:manifest",
    "notifications:service_worker",
    "notifications:offline",
    "set_language",
}

# In the admin by the last word of the name, for every class there is.
ADMIN = {
    **dict.fromkeys(("index", "list", "jsi18n", "login", "logout"), FULL),
    **dict.fromkeys(("password_change", "changelist", "history", "change"), FULL),
    **dict.fromkeys(("add", "delete"), OWNER),
    **dict.fromkeys(("resend", "revoke", "hand-over"), OWNER),
    **dict.fromkeys(("password-link", "switch-on", "switch-off"), OWNER),
}
# Where more is needed to change something than to look.
TO_CHANGE = {
    "notifications:account": FULL,
    "admin:accounts_auditentry_change": NOBODY,
    "admin:accounts_apitoken_change": NOBODY,
    "admin:conversations_channel_change": NOBODY,
}
# What the operator sees and changes of every account.
OF_OPERATOR = {
    *("admin:index", "admin:app_list", "admin:jsi18n"),
    *("admin:login", "admin:logout", "admin:password_change"),
    *("admin:accounts_account_changelist", "admin:accounts_account_history"),
    "admin:accounts_account_change",
    *("admin:accounts_user_changelist", "admin:accounts_user_history"),
    *("admin:accounts_user_change", "admin:accounts_user_password-link"),
    *("admin:accounts_user_switch-on", "admin:accounts_user_switch-off"),
}


def least(route: Route, *, to_change: bool = False) -> str:
    """Of the account's roles; raises LookupError for a route nobody has spoken of."""
    if to_change and route.name in TO_CHANGE:
        return TO_CHANGE[route.name]
    for role, names in LEAST.items():
        if route.name in names:
            return role
    if route.name in PERSONAL | OPEN:
        return AGENT
    if route.is_of_admin:
        word = route.name.partition(":")[2].rpartition("_")[2]
        word = "password_change" if route.name == "admin:password_change" else word
        if to_change and word == "change":
            return OWNER
        if word in ADMIN:
            return ADMIN[word]
    raise LookupError(f"Say in tests/isolation/rights.py who may open {route}.")


def may(role: str, route: Route, *, to_change: bool = False) -> bool:
    lowest = least(route, to_change=to_change)
    if role == OPERATOR:
        known = OF_OPERATOR | PERSONAL | OPEN
        return lowest == OPERATOR or route.name in known
    if lowest not in ROLES:
        return False
    return ROLES.index(Role(role)) >= ROLES.index(Role(lowest))
