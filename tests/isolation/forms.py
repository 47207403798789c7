"""Of every address that changes something, a form that does.

A route that takes a form and is not told of here fails its test.
"""

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from channels_integration.website import services as website
from channels_integration.website.models import IdentitySecret, VisitorSession
from conversations import bulk, services
from conversations.models import Channel
from conversations.services.bulk import Change
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Role
from tests.factories import PASSWORD, fresh
from tests.isolation.form import ACCOUNT, CLIENT_ID, Fields, Form, full, group, just
from tests.isolation.forms_admin import ADMIN
from tests.isolation.house import AUTH, P256DH, House


def _key(house: House) -> dict[str, int]:
    return {"conversation_id": house.conversation.pk}


def _by_owner(house: House) -> dict[str, Any]:
    return {**_key(house), "agent": house.people[Role.OWNER]}


def _files(house: House) -> list[uuid.UUID]:
    return [house.canned_reply.files.get().public_id]


def _writes(own: House, keys: House) -> Fields:
    return {"text": "Yes", "client_id": CLIENT_ID, "canned_files": _files(keys)}


def _undo_token(own: House, keys: House) -> Fields:
    """As the owner whose keys they are got it when they resolved something."""
    row = fresh(keys.conversation)
    token = bulk.undo_token(
        keys.people[Role.OWNER], "resolve", "", [Change.of(row, row.last_seq)]
    )
    return {"token": token}


def _resolve(house: House) -> None:
    services.resolve_conversation(**_by_owner(house))


def _snooze(house: House) -> None:
    later = timezone.now() + timedelta(hours=1)
    services.snooze_conversation(**_by_owner(house), until=later)


def _assign(house: House) -> None:
    services.assign_conversation(
        **_key(house), agent=full(house), by=house.people[Role.OWNER]
    )


def _mentions(own: House, keys: House) -> str:
    return f"@{full(keys).name} please"


def _transfer(own: House, keys: House) -> Fields:
    return {
        "agents": [full(keys).pk],
        "group": keys.other_group.pk,
        "note": _mentions(own, keys),
        "client_id": CLIENT_ID,
    }


def _notifications(own: House, keys: House) -> Fields:
    return {
        "offline": "on",
        "offline_delay": 5,
        "missed": "on",
        "missed_delay": 5,
        f"offline_to_{keys.group.pk}": "boss@example.com",
    }


def _website(own: House, keys: House) -> Fields:
    choices = {"theme": "light", "side": "left", "color": "#123456"}
    asked = dict.fromkeys(("ask_name", "ask_email", "ask_phone"), "no")
    return {"name": "Shop", **choices, **asked, "group": keys.other_group.pk}


def _tag_change(own: House, keys: House) -> Fields:
    prefix = f"tag-{own.tag.pk}"
    return {f"{prefix}-name": "New", f"{prefix}-hue": 3}


def _no_website(house: House) -> None:
    Channel.objects.filter(pk=house.channel.pk).update(kind=Channel.Kind.EMAIL)


def _erasing(house: House) -> None:
    accounts.request_erasure(
        account=house.account,
        by=house.people[Role.OWNER],
        name=house.account.name,
        password=PASSWORD,
        now=timezone.now(),
    )


def _is_there(house: House) -> None:
    """The visitor to whom nobody has spoken is on the website."""
    session, _key = website.open_session(channel=house.channel, language="en")
    VisitorSession.objects.filter(pk=session.pk).update(visitor=house.newcomer)


def _blocked(house: House) -> None:
    services.block_from_conversation(**_by_owner(house))


def _subscribed(own: House, keys: House) -> Fields:
    return {"endpoint": keys.subscription.endpoint}


def _new_subscription(own: House, keys: House) -> Fields:
    endpoint = "https://push.example.com/new"
    return {"endpoint": endpoint, "p256dh": P256DH, "auth": AUTH}


def _version(own: House, keys: House) -> Fields:
    return {"version": IdentitySecret.objects.get(channel=own.channel).version}


PASSWORDS = {
    "oldpassword": PASSWORD,
    "password1": "Quince-77!",
    "password2": "Quince-77!",
}

FORMS: dict[str, list[Form]] = {
    **ADMIN,
    "conversations:bulk": [
        Form(
            lambda own, keys: {
                "ids": [keys.conversation.public_id],
                "do": f"assign:{full(keys).pk}",
            }
        ),
        Form(
            lambda own, keys: {
                "ids": [keys.conversation.public_id],
                "do": f"group:{keys.other_group.pk}",
            }
        ),
    ],
    "conversations:bulk_undo": [Form(_undo_token, before=_resolve)],
    "conversations:view_create": [
        Form(
            lambda own, keys: {
                "name": "New",
                "next_query": f"group={keys.group.pk}&tag={keys.tag.pk}",
            }
        )
    ],
    "conversations:view_rename": [just(name="New")],
    "conversations:view_delete": [just()],
    "conversations:export_start": [
        Form(lambda own, keys: {"next_query": f"group={keys.group.pk}"})
    ],
    "conversations:export_discard": [just()],
    "conversations:reply": [Form(_writes)],
    "conversations:note": [
        Form(lambda own, keys: _writes(own, keys) | {"text": _mentions(own, keys)})
    ],
    "conversations:canned_used": [just()],
    # The owner has answered, and so is there already.
    "conversations:join": [Form(lambda own, keys: {}, role=Role.FULL)],
    "conversations:assign": [Form(lambda own, keys: {"agent": full(keys).pk})],
    "conversations:unassign": [
        Form(lambda own, keys: {"agent": full(keys).pk}, before=_assign)
    ],
    "conversations:group": [Form(lambda own, keys: {"group": keys.other_group.pk})],
    "conversations:transfer": [Form(_transfer)],
    "conversations:join_with": [
        Form(lambda own, keys: {"other": keys.second.public_id, "keep": "this"})
    ],
    "conversations:split": [just()],
    "conversations:resolve": [just()],
    "conversations:reopen": [Form(lambda own, keys: {}, before=_resolve)],
    "conversations:read": [just()],
    "conversations:unread": [just()],
    "conversations:priority": [just(priority="2")],
    "conversations:snooze": [just(choice="tomorrow")],
    "conversations:follow": [just()],
    "conversations:unfollow": [
        Form(
            lambda own, keys: {},
            before=lambda house: services.follow_conversation(**_by_owner(house)),
        )
    ],
    "conversations:wake": [Form(lambda own, keys: {}, before=_snooze)],
    "conversations:tag_add": [
        Form(lambda own, keys: {"tag": keys.other_tag.pk}),
        just(name="Fresh"),
    ],
    "conversations:tag_remove": [just()],
    "conversations:card_edit": [just(name="New", phone="+49 30 1234567")],
    "conversations:visitor_note_save": [just(text="Likes tea", version=0)],
    "conversations:visitor_block": [just(reason="Spam")],
    "conversations:visitor_unblock": [Form(lambda own, keys: {}, before=_blocked)],
    "conversations:visitor_block_address": [just(network="203.0.113.9/32")],
    "conversations:visitor_merge_with": [
        Form(lambda own, keys: {"kept": keys.other_visitor.public_id})
    ],
    "conversations:visitor_merge_undo": [just()],
    "conversations:visitor_erase": [just()],
    "website:start": [
        Form(
            lambda own, keys: {"text": "Hello!", "client_id": CLIENT_ID},
            before=_is_there,
        )
    ],
    "notifications:account": [Form(_notifications)],
    "notifications:preferences": [just(mail=["offline"], away_when_idle="on")],
    "notifications:test_mail": [just(event="offline")],
    "notifications:push_subscribe": [Form(_new_subscription)],
    "notifications:push_unsubscribe": [Form(_subscribed)],
    "notifications:push_test": [just()],
    "accounts:profile": [just(name="New", language="de", enter_sends="True")],
    "accounts:address": [just(email="moved@example.com", password=PASSWORD)],
    "accounts:presence": [just(presence="away")],
    "accounts:session_end": [just()],
    "accounts:sessions_end": [just()],
    "accounts:account_security": [just(two_factor_required="on")],
    "accounts:general": [just(**ACCOUNT)],
    "accounts:hours": [
        just(
            is_on="on",
            time_zone="Europe/Berlin",
            **{"opens-0": "09:00"},
            **{"closes-0": "17:00"},
        )
    ],
    "accounts:groups": [just(assigning="off", assigning_limit=7)],
    "accounts:group_create": [Form(group)],
    "accounts:group_edit": [Form(group)],
    "accounts:group_delete": [just()],
    "accounts:api_tokens": [just(name="New", form_id=CLIENT_ID)],
    "accounts:api_token_revoke": [just()],
    "mfa_remove_webauthn": [just()],
    "mfa_deactivate_totp": [just()],
    "mfa_generate_recovery_codes": [just()],
    "account_change_password": [just(**PASSWORDS)],
    "start:website": [
        Form(lambda own, keys: {"domain": "a.example"}, before=_no_website)
    ],
    "start:invite": [just(name="New", email="new@example.com")],
    "start:finish": [just()],
    "operations:account_export": [just()],
    "operations:account_export_discard": [just()],
    "operations:erase": [
        Form(lambda own, keys: {"name": own.account.name, "password": PASSWORD})
    ],
    "operations:keep": [Form(lambda own, keys: {}, before=_erasing)],
    "settings:visitor_card": [just(which="all")],
    "settings:privacy": [just(ip_storage="none")],
    "settings:blocked": [just(network="192.0.2.0/24")],
    "settings:block_lift": [just()],
    "settings:canned_reply_new": [just(shortcut="new", text="New", is_shared="on")],
    "settings:canned_reply": [
        Form(
            lambda own, keys: {
                "shortcut": "new",
                "text": "New",
                "is_shared": "on",
                "removed": _files(keys),
            }
        )
    ],
    "settings:canned_reply_delete": [just()],
    "settings:tags": [just(name="New", hue=3)],
    "settings:tag_change": [Form(_tag_change)],
    "settings:tag_merge": [Form(lambda own, keys: {"into": keys.other_tag.pk})],
    "settings:tag_archive": [just()],
    "settings:tag_restore": [
        Form(
            lambda own, keys: {},
            before=lambda house: services.archive_tag(
                tag=house.tag, by=house.people[Role.OWNER]
            ),
        )
    ],
    "settings:tag_delete": [just()],
    "settings:website_create": [Form(_website)],
    "settings:website": [Form(_website)],
    "settings:identity_create": [Form(_version)],
    "settings:identity_remove": [just()],
}


# What takes a form and changes no row, or asks for a proof that no test can give twice.
CHANGES_NOTHING = {
    "account_login": "who is signed in is led to the desk",
    "accounts:sign_up": "who is signed in is led to the desk",
    "mfa_authenticate": "who is signed in is led to the desk",
    "account_logout": "ends the session",
    "admin:logout": "ends the session",
    "admin:login": "leads on",
    "admin:password_change": "leads on",
    "set_language": "a cookie",
    "account_reset_password": "a mail to whom the address belongs",
    "account_reauthenticate": "the session notes the time of the proof",
    "mfa_reauthenticate": "the session notes the time of the proof",
    "mfa_reauthenticate_webauthn": "the session notes the time of the proof",
    "mfa_activate_totp": "needs the code of a secret that the session holds",
    "mfa_add_webauthn": "needs the answer of a key",
    "admin:index": "a list",
    "admin:app_list": "a list",
    "admin:accounts_account_changelist": "has no actions",
    "admin:accounts_auditentry_changelist": "has no actions",
    "admin:conversations_channel_changelist": "has no actions",
}
