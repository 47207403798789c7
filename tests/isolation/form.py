"""What a form is, and how another house's keys get into it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from supportdesk.accounts.models import Role, User
from tests.isolation.house import House

Fields = dict[str, Any]
CLIENT_ID = uuid.UUID(int=7)


@dataclass(frozen=True)
class Form:
    # By the house whose things the address names, and the house whose keys are in the
    # form: with both the same it works, with the keys of another it must not.
    fields: Callable[[House, House], Fields]
    # What has to be so before.
    before: Callable[[House], object] = lambda house: None
    role: str = Role.OWNER

    def __str__(self) -> str:
        return f"as {self.role}"


def just(**fields: Any) -> Form:
    """With no key of anything in it."""
    return Form(lambda own, keys: fields)


def variants(form: Form, own: House, other: House) -> list[Fields]:
    """The form with the other house's keys: all of them, each by itself, and a valid
    one that names the other house's things besides."""
    valid, stolen = form.fields(own, own), form.fields(own, other)
    differing = [name for name in stolen if stolen[name] != valid.get(name)]
    singles = [{**valid, name: stolen[name]} for name in differing]
    return [
        {**smuggled(other), **stolen},
        {**smuggled(other), **valid},
        *(singles if len(singles) > 1 else []),
    ]


def smuggled(house: House) -> Fields:
    """Their things under every name by which a form or an address takes one."""
    one, people = house.conversation, house.people.values()
    names = [house.group.pk, house.group.key]
    return {
        "ids": [one.public_id],
        "conversation": [one.public_id],
        "conversations": [one.public_id],
        "agent": [agent.pk for agent in people],
        "agents": [agent.pk for agent in people],
        "assignee": [agent.pk for agent in people],
        "recipients": [agent.pk for agent in people],
        "successor": [agent.pk for agent in people],
        "group": names,
        "groups": names,
        "tag": [house.tag.pk],
        "tags": [house.tag.pk],
        "into": [house.tag.pk],
        "view": [house.view.pk],
        "website": [house.channel.pk],
        "channel": [house.channel.pk],
        "visitor": [house.visitor.public_id],
        "other": [house.second.public_id],
        "kept": [house.other_visitor.public_id],
        "canned_files": [house.canned_reply.files.get().public_id],
        "removed": [house.canned_reply.files.get().public_id],
        "reply": [house.canned_reply.pk],
        "account": [house.account.pk],
        "next_query": [f"q={house.word}&group={house.group.pk}&tag={house.tag.pk}"],
        "_selected_action": [agent.pk for agent in people],
        "q": [house.word],
        "email": [house.visitor.email],
        "text": ["Something"],
        "name": ["Something"],
        "to_status": ["resolved"],
        "action": ["resolve"],
    }


def full(house: House) -> User:
    return house.people[Role.FULL]


def group(own: House, keys: House) -> Fields:
    rule = {"assigning": "off", "assigning_limit": 5}
    return {**rule, "name": "Sales", "key": "sales", "agents": [full(keys).pk]}


ACCOUNT: Fields = {
    "name": "New",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "reopen_window_days": 3,
}
