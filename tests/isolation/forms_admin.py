"""Of every address of the admin that changes something, a form that does."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from supportdesk.accounts.models import Account, Role, User
from tests.accounts.second_factors import add_key
from tests.factories import PASSWORD
from tests.isolation.form import ACCOUNT, Fields, Form, full, group, just
from tests.isolation.house import OPERATOR, House


def _switched_off(house: House) -> None:
    User.objects.filter(pk=house.people[Role.AGENT].pk).update(is_active=False)


def _suspended(house: House) -> None:
    Account.objects.filter(pk=house.account.pk).update(suspended_at=timezone.now())


def _chosen(action: str, row: Callable[[House], Any]) -> Callable[..., Fields]:
    """A bulk action of the admin."""
    return lambda own, keys: {
        "action": action,
        "index": 0,
        "post": "yes",
        "_selected_action": [row(keys).pk],
    }


AGENT_FIELDS = {"name": "New", "email": "new@example.com", "language": "en"}

ADMIN: dict[str, list[Form]] = {
    "admin:accounts_user_changelist": [
        Form(_chosen("deactivate", full)),
        Form(_chosen("send_password_link", full)),
        Form(
            _chosen("reset_second_factor", full),
            before=lambda house: add_key(full(house)),
        ),
    ],
    "admin:accounts_invitation_changelist": [
        Form(_chosen("send_again", lambda house: house.invitation)),
        Form(_chosen("withdraw", lambda house: house.invitation)),
    ],
    "admin:accounts_apitoken_changelist": [
        Form(_chosen("revoke_chosen", lambda house: house.api_token))
    ],
    "admin:accounts_agentgroup_changelist": [
        Form(_chosen("delete_selected", lambda house: house.group))
    ],
    "admin:conversations_tag_changelist": [
        Form(_chosen("delete_selected", lambda house: house.other_tag))
    ],
    "admin:conversations_cannedreply_changelist": [
        Form(_chosen("delete_selected", lambda house: house.canned_reply))
    ],
    "admin:accounts_user_change": [
        Form(
            lambda own, keys: {
                **AGENT_FIELDS,
                "role": "agent",
                "is_active": "on",
                "groups": [keys.group.pk],
            }
        )
    ],
    "admin:accounts_user_switch-off": [
        Form(lambda own, keys: {"successor": full(keys).pk})
    ],
    "admin:accounts_user_switch-on": [Form(lambda own, keys: {}, before=_switched_off)],
    "admin:accounts_user_password-link": [just()],
    "admin:accounts_user_hand-over": [just(password=PASSWORD)],
    "admin:accounts_agentgroup_add": [Form(group)],
    "admin:accounts_agentgroup_change": [Form(group)],
    "admin:accounts_agentgroup_delete": [just(post="yes")],
    "admin:accounts_invitation_add": [
        Form(
            lambda own, keys: {
                **AGENT_FIELDS,
                "role": "agent",
                "groups": [keys.group.pk],
            }
        )
    ],
    "admin:accounts_invitation_change": [
        Form(
            lambda own, keys: {
                **AGENT_FIELDS,
                "role": "agent",
                "groups": [keys.group.pk],
            }
        )
    ],
    "admin:accounts_invitation_resend": [just()],
    "admin:accounts_invitation_revoke": [just()],
    "admin:accounts_apitoken_revoke": [just()],
    "admin:accounts_account_add": [
        Form(
            lambda own, keys: {
                **ACCOUNT,
                "ip_storage": "full",
                "owner_name": "New",
                "owner_email": "new@example.com",
            },
            role=OPERATOR,
        )
    ],
    "admin:accounts_account_change": [just(**ACCOUNT, ip_storage="none")],
    "admin:accounts_account_suspend": [Form(lambda own, keys: {}, role=OPERATOR)],
    "admin:accounts_account_resume": [
        Form(lambda own, keys: {}, before=_suspended, role=OPERATOR)
    ],
    "admin:conversations_tag_add": [just(name="New", hue=3)],
    "admin:conversations_tag_change": [just(name="New", hue=3)],
    "admin:conversations_tag_delete": [just(post="yes")],
    "admin:conversations_cannedreply_add": [just(shortcut="new", text="New")],
    "admin:conversations_cannedreply_change": [just(shortcut="new", text="New")],
    "admin:conversations_cannedreply_delete": [just(post="yes")],
}
