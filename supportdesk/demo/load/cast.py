"""The account under load, its groups, agents and channels: made by the services."""

from dataclasses import dataclass

from django.db import transaction

from conversations import services
from conversations.models import Channel
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Account, AgentGroup, Role

NAME = "Load"
AGENTS = 40
GROUPS = ("Sales", "Repairs", "Deliveries", "Invoices", "Wholesale", "Press")


class NotOurs(Exception):
    """The account belongs to somebody, or was filled before."""


@dataclass
class Agent:
    pk: int
    name: str


@dataclass
class Cast:
    account: Account
    everybody: list[Agent]
    # No group is one of them, and everybody is in it.
    groups: dict[int | None, list[Agent]]
    channels: dict[str, int]


@transaction.atomic
def make_cast(name: str) -> Cast:
    """Open the account. Raises NotOurs if one of this name is there already."""
    if Account.objects.filter(name=name).exists():
        raise NotOurs(f"{name}: there is an account of this name already.")
    number = Account.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    place = f"{number + 1}.load.example"
    account = accounts.create_account(
        name=name,
        owner_email=f"owner@{place}",
        owner_name="Olga Owner",
        password=None,
    )
    owner = account.agents.get()
    everybody = [Agent(owner.pk, owner.name)]
    groups = [
        AgentGroup.objects.create(account=account, name=group, key=group.lower())
        for group in GROUPS
    ]
    members: dict[int | None, list[Agent]] = {group.pk: [] for group in groups}
    for index in range(AGENTS - 1):
        # Every eighth sees everything; others are in one group or two.
        sees_all = index % 8 == 0
        own = [] if sees_all else [groups[index % 6], groups[index * 5 % 6]]
        row = accounts.create_agent(
            account=account,
            email=f"agent-{index}@{place}",
            name=f"Agent {index:02d}",
            role=Role.FULL if sees_all else Role.AGENT,
            groups=own,
            language=("en", "de")[index % 2],
        )
        agent = Agent(row.pk, row.name)
        everybody.append(agent)
        for group in {group.pk for group in own}:
            members[group].append(agent)
    members[None] = everybody
    return Cast(account, everybody, members, _channels(account))


def _channels(account: Account) -> dict[str, int]:
    channels = {}
    for kind in Channel.Kind:
        channel = services.create_channel(
            account=account,
            kind=kind,
            name=f"Load {kind.value}",
            config={"allowed_domains": ["shop.example.com"]}
            if kind == Channel.Kind.WEBSITE
            else {},
        )
        channels[kind.value] = channel.pk
    return channels
