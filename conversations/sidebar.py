"""What stands beside every page of the desk: groups, colleagues, and counts."""

from dataclasses import dataclass, field

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject, Lower

from conversations.counts import Counts, breakdown, counts_for
from conversations.groups import scope_of
from conversations.models import Conversation
from supportdesk.accounts import presence
from supportdesk.accounts.models import Account, AgentGroup, Presence, User
from supportdesk.accounts.people import Person

MAX_UNREAD = 500


@dataclass(frozen=True)
class Colleague(Person):
    presence: str

    @property
    def presence_label(self) -> str:
        return str(Presence(self.presence).label)


@dataclass(frozen=True)
class Group:
    id: int
    name: str
    open: int = 0


@dataclass
class Sidebar:
    """The frame as one agent sees it; `all_groups` are those to hand something to."""

    counts: Counts
    colleagues: list[tuple[Colleague, int]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    all_groups: list[Group] = field(default_factory=list)
    unread_ids: list[str] = field(default_factory=list)


def sidebar_of(agent: User) -> Sidebar:
    """Read all of it, in a number of queries that does not grow with anything."""
    if agent.account_id is None:
        raise ValueError("the platform operator has no desk")
    scope = scope_of(agent)
    counts = counts_for(scope, breakdown(agent.account_id))
    colleagues, groups = _team(agent.account_id)
    colleagues.sort(key=lambda colleague: colleague.id != agent.pk)
    return Sidebar(
        counts=counts,
        colleagues=[
            (colleague, counts.agents.get(colleague.id, 0)) for colleague in colleagues
        ],
        groups=[
            Group(group.id, group.name, counts.groups.get(group.id, 0))
            for group in groups
            if scope.sees_all or group.id in scope.group_ids
        ],
        all_groups=groups,
        unread_ids=_unread_ids(agent) if counts.all else [],
    )


def _team(account_id: int) -> tuple[list[Colleague], list[Group]]:
    """Active agents and groups of the account, in one query."""
    agents = User.objects.filter(account=OuterRef("pk"), is_active=True)
    groups = AgentGroup.objects.filter(account=OuterRef("pk"))
    team = (
        Account.objects.filter(pk=account_id)
        .annotate(
            agent_rows=ArraySubquery(
                agents.order_by(Lower("name"), "pk").values(
                    row=JSONObject(
                        id="pk", name="name", email="email", presence="presence"
                    )
                )
            ),
            group_rows=ArraySubquery(
                groups.order_by("name", "pk").values(
                    row=JSONObject(id="pk", name="name")
                )
            ),
        )
        .values("agent_rows", "group_rows")
        .get()
    )
    reachable = presence.reachable_ids(account_id)
    colleagues = []
    for row in team["agent_rows"]:
        if row["id"] not in reachable:
            row["presence"] = Presence.OFFLINE.value
        colleagues.append(Colleague(**row))
    return colleagues, [Group(**row) for row in team["group_rows"]]


def _unread_ids(agent: User) -> list[str]:
    """Open conversations with something new, for the badge that the script keeps."""
    unread = (
        Conversation.objects.visible_to(agent)
        .open()
        .with_unread(agent)
        .filter(unread__gt=0)  # type: ignore[misc]
        .values_list("public_id", flat=True)[:MAX_UNREAD]
    )
    return [str(public_id) for public_id in unread]
