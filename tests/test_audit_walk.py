"""Whatever changes settings or rights, or takes data away, is in the history.

The walk follows, from each public function of the services, the functions of ours that
its code names; it records if one of them is `audit.record`. What does not is listed
here with the reason: a new service without either fails.
"""

import ast
import inspect
import textwrap
from importlib import import_module
from pkgutil import iter_modules

import pytest

from supportdesk.accounts import audit

PACKAGES = [
    "supportdesk.accounts.services",
    "supportdesk.accounts.tokens",
    "visitors.services",
    "conversations.services",
    "conversations.belongings",
    "channels_integration.website.services",
    "channels_integration.website.identity_services",
    "channels_integration.website.thread_services",
    "notifications.services",
    "notifications.services.unsubscribing",
]
READS = "reads or checks only"
EVENT = "has an event message in the thread"
OWN = "an agent's own preference or file"
WORK = "the work itself, told by the messages"
PROFILE = "contact data of a visitor, whose source stands with each value"
VISITOR = "done by the visitor or the shop's page, not by who runs the desk"
JOB = "a job of the desk, without a choice of anybody"
INNER = "a step of a service that is recorded"

NOT_RECORDED = {
    "accounts": {
        "announce_presence": JOB,
        "begin_sign_up": "there is no account yet that could have a history",
        "check_access_change": READS,
        "delete_ended_sessions": JOB,
        "delete_old_sign_ups": JOB,
        "find_invitation": READS,
        "finish_start": "puts a page away",
        "hash_api_token": READS,
        "knows_password": READS,
        "note_seen": JOB,
        "note_sent": JOB,
        "note_unsent": JOB,
        "note_session": "signing in is recorded; this is the list of sessions",
        "same_account": READS,
        "set_presence": OWN,
        "use_api_token": "would be an entry per minute; `last_used_at` says it",
    },
    "visitors": {
        "audit_target": READS,
        "block_of": READS,
        "blocks_of": READS,
        "check_user_id": READS,
        "continue_visit": VISITOR,
        "create_visitor": VISITOR,
        "customer_profile": VISITOR,
        "delete_ended_blocks": JOB,
        "delete_old_visits": INNER,
        "delete_profile": INNER,
        "find_by_user_id": READS,
        "finish_merge": JOB,
        "join_profiles": INNER,
        "lock_profile": READS,
        "mark_seen": VISITOR,
        "network_around": READS,
        "network_block_of": READS,
        "not_taken": READS,
        "note_conversation": INNER,
        "note_split": INNER,
        "note_of": READS,
        "overdue": READS,
        "parse_network": READS,
        "part_profiles": INNER,
        "parts_of": READS,
        "read_note": READS,
        "record_pages": VISITOR,
        "save_by_user_id": PROFILE,
        "save_note": "the note names its author and time",
        "set_customer_information": PROFILE,
        "set_user_id": PROFILE,
        "undoable": READS,
        "undoable_of": READS,
        "update_contact": PROFILE,
        "update_from_shop": PROFILE,
        "visitors_in": READS,
        "worth_telling": READS,
    },
    "conversations": {
        "accounts_in_other_zones": READS,
        "add_note": WORK,
        "assign_automatically": EVENT,
        "assign_conversation": EVENT,
        "change_contact": EVENT,
        "change_group": EVENT,
        "change_priority": EVENT,
        "check_upload": READS,
        "count_belongings": READS,
        "count_canned_reply_use": JOB,
        "count_new_messages": JOB,
        "delete_files": JOB,
        "delete_old_attachments": INNER,
        "delete_old_conversations": INNER,
        "delete_old_visitors": INNER,
        "discard_expired": JOB,
        "discard_export": OWN,
        "due_ids": READS,
        "exports_to_take_up": READS,
        "follow_conversation": OWN,
        "give_out_waiting": EVENT,
        "hand_over": EVENT,
        "in_bulk": EVENT,
        "index_visitor": JOB,
        "join_conversation": EVENT,
        "join_conversations": EVENT,
        "left_behind": READS,
        "mark_missed": EVENT,
        "mark_read": OWN,
        "mark_seen_by_visitor": VISITOR,
        "mark_unread": OWN,
        "merge_tag_figures": JOB,
        "note_offline": EVENT,
        "open_canned_files": READS,
        "post_agent_message": WORK,
        "post_visitor_message": WORK,
        "rate_conversation": EVENT,
        "rebuild_documents": JOB,
        "rebuild_figures": JOB,
        "reopen_conversation": EVENT,
        "request_transcript": VISITOR,
        "resolve_conversation": EVENT,
        "snooze_conversation": EVENT,
        "split_conversation": EVENT,
        "start_conversation": WORK,
        "tag_conversation": EVENT,
        "transfer_conversation": EVENT,
        "unassign_conversation": EVENT,
        "undo_in_bulk": EVENT,
        "unfollow_conversation": OWN,
        "untag_conversation": EVENT,
        "update_documents": JOB,
        "wake_conversation": EVENT,
        "wake_when_due": EVENT,
        "write_export": JOB,
    },
    "channels_integration": {
        "check_in_service": READS,
        "continue_split": INNER,
        "check_not_blocked": READS,
        "find_browser": READS,
        "find_channel": READS,
        "find_session": READS,
        "group_for_new": READS,
        "is_somebody_there": READS,
        "lock_session": READS,
        "open_session": VISITOR,
        "own_conversation": READS,
        "receive_message": WORK,
        "reload_session": READS,
        "remember_unverified": VISITOR,
        "request_transcript": VISITOR,
        "revoke_session": VISITOR,
        "save_contact": VISITOR,
        "share": VISITOR,
        "take_up": VISITOR,
        "unsign_browsers": INNER,
    },
    "notifications": {
        "answer_by_mail": WORK,
        "decide_bursts": JOB,
        "follow_entries": INNER,
        "forget_inactive": JOB,
        "forget_signed_out": JOB,
        "give_up_exhausted": JOB,
        "look_out": JOB,
        "pass_over": JOB,
        "prune": JOB,
        "push_conversation": JOB,
        "record_digests": JOB,
        "record_push_test": OWN,
        "record_transcript": VISITOR,
        "resume_mails": OWN,
        "save_preferences": OWN,
        "send_notification": JOB,
        "send_test": OWN,
        "send_to_agent": JOB,
        "still_needed": READS,
        "subscribe_browser": OWN,
        "take_due": JOB,
        "tell_colleagues": JOB,
        "unsubscribe_browser": OWN,
        "vapid_keys": JOB,
    },
}
OURS = (
    "supportdesk",
    "conversations",
    "visitors",
    "channels_integration",
    "notifications",
)
# What happens with every message, page view and sign of life.
HOT = [
    "conversations.services.posting:post_visitor_message",
    "conversations.services.posting:post_agent_message",
    "conversations.services.posting:start_conversation",
    "conversations.services.reading:mark_read",
    "channels_integration.website.services:receive_message",
    "visitors.services.visits:record_pages",
]


def public_functions(package):
    """Those it says are public; of a module without `__all__`, its own."""
    module = import_module(package)
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and value.__module__ == package
    ]
    found = {name: getattr(module, name) for name in names}
    return {name: value for name, value in found.items() if inspect.isfunction(value)}


def named_in(function):
    """Functions that the code names, plain or as an attribute of a module."""
    function = inspect.unwrap(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = function.__globals__
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            value = known.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            value = getattr(known.get(node.value.id), node.attr, None)
        else:
            continue
        if inspect.isfunction(value) and value.__module__.startswith(OURS):
            yield value


def records(function, seen=None):
    seen = set() if seen is None else seen
    if function is audit.record:
        return True
    if function in seen:
        return False
    seen.add(function)
    return any(records(named, seen) for named in named_in(function))


CASES = [
    pytest.param(package, name, function, id=f"{package}.{name}")
    for package in PACKAGES
    for name, function in sorted(public_functions(package).items())
]


@pytest.mark.parametrize(("package", "name", "function"), CASES)
def test_service_is_recorded_or_says_why_not(package, name, function):
    app = package.removeprefix("supportdesk.").partition(".")[0]
    reason = NOT_RECORDED[app].get(name)

    assert records(function) != bool(reason), reason


def test_list_of_reasons_names_only_what_exists():
    names = {
        (package.removeprefix("supportdesk.").partition(".")[0], name)
        for package in PACKAGES
        for module in modules_of(package)
        for name in public_functions(module)
    }

    assert {
        (app, name) for app, reasons in NOT_RECORDED.items() for name in reasons
    } <= names


def modules_of(package):
    module = import_module(package)
    inner = getattr(module, "__path__", None)
    return [
        package,
        *(f"{package}.{each.name}" for each in iter_modules(inner or [])),
    ]


@pytest.mark.parametrize("path", HOT)
def test_hot_path_does_not_touch_the_history(path):
    module, _colon, name = path.partition(":")

    assert not records(getattr(import_module(module), name))


def test_every_action_has_its_sentence_and_every_sentence_its_action():
    written = set()
    for package in PACKAGES:
        for module in modules_of(package):
            tree = ast.parse(inspect.getsource(import_module(module)))
            written |= {
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and node.value in audit.sentences()
            }

    assert written == set(audit.sentences())
