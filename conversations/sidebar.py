"""What stands beside every page of the desk: groups, colleagues, and counts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from conversations.counts import Counts, counts_for, kept_breakdown
from conversations.groups import scope_of
from conversations.models import Conversation
from supportdesk.accounts import presence
from supportdesk.accounts.models import Presence, User
from supportdesk.accounts.people import Person

MAX_UNREAD = 500
MAX_LOOKED_AT = 1_000
MAX_TAGS = 200
MAX_VIEWS = 60
MAX_FORMER = 100
# With every page: assembled by the ORM it took several times as long as PostgreSQL needs
# for it. What is of the account is `visible_to` each of its agents; of the views, what is
# shared and what is their own.
_TEAM = """
SELECT
    (SELECT coalesce(json_agg(row), '[]')::text FROM (
        SELECT id, name, email, presence FROM accounts_user
        WHERE account_id = %(account)s AND is_active ORDER BY lower(name), id
    ) AS row),
    (SELECT coalesce(json_agg(row), '[]')::text FROM (
        SELECT id, name, email FROM accounts_user
        WHERE account_id = %(account)s AND NOT is_active
        ORDER BY id = ANY(%(named)s) DESC, lower(name), id LIMIT %(former)s
    ) AS row),
    (SELECT coalesce(json_agg(row), '[]')::text FROM (
        SELECT id, name FROM accounts_agentgroup
        WHERE account_id = %(account)s ORDER BY name, id
    ) AS row),
    (SELECT coalesce(json_agg(row), '[]')::text FROM (
        SELECT id, name, archived_at IS NOT NULL AS is_archived FROM conversations_tag
        WHERE account_id = %(account)s
        ORDER BY is_archived, lower(name), id LIMIT %(tags)s
    ) AS row),
    (SELECT coalesce(json_agg(row), '[]')::text FROM (
        SELECT id, name, query, is_shared FROM conversations_savedview
        WHERE account_id = %(account)s AND (is_shared OR agent_id = %(agent)s)
        ORDER BY is_shared, lower(name), id LIMIT %(views)s
    ) AS row)
"""
_UNREAD = """
SELECT public_id::text FROM ({latest}) AS latest WHERE unread > 0 LIMIT %s
"""


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


@dataclass(frozen=True)
class TagName:
    id: int
    name: str
    is_archived: bool


@dataclass(frozen=True)
class View:
    """A search that was kept, and the address's query that it is."""

    id: int
    name: str
    query: str
    is_shared: bool


@dataclass(frozen=True)
class Team:
    colleagues: list[Colleague]
    former: list[Person]
    groups: list[Group]
    tags: list[TagName]
    views: list[View]


@dataclass
class Sidebar:
    """The frame as one agent sees it; `all_groups` are those to hand something to.

    Only a search asks for the `former` colleagues, and for `tags` that are archived.
    """

    counts: Counts
    colleagues: tuple[tuple[Colleague, int], ...] = ()
    former: tuple[Person, ...] = ()
    groups: list[Group] = field(default_factory=list)
    all_groups: tuple[Group, ...] = ()
    tags: list[TagName] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    unread_ids: list[str] = field(default_factory=list)

    @property
    def unread_text(self) -> str:
        return " ".join(self.unread_ids)

    @property
    def people(self) -> tuple[Person, ...]:
        """The colleagues as what does not change with who is there."""
        return tuple(
            Person(each.id, each.name, each.email) for each, _open in self.colleagues
        )


def sidebar_of(agent: User, *, named: Sequence[int] = ()) -> Sidebar:
    """Read all of it, in a number of queries that does not grow with anything.

    `named` are keys of agents who must not be missing among the former ones.
    """
    if agent.account_id is None:
        raise ValueError("the platform operator has no desk")
    scope = scope_of(agent)
    counts = counts_for(scope, kept_breakdown(agent.account_id))
    team = _team(agent, agent.account_id, named)
    colleagues = team.colleagues
    colleagues.sort(key=lambda colleague: colleague.id != agent.pk)
    return Sidebar(
        counts=counts,
        colleagues=tuple(
            (colleague, counts.agents.get(colleague.id, 0)) for colleague in colleagues
        ),
        former=tuple(team.former),
        groups=[
            Group(group.id, group.name, counts.groups.get(group.id, 0))
            for group in team.groups
            if scope.sees_all or group.id in scope.group_ids
        ],
        all_groups=tuple(team.groups),
        tags=team.tags,
        views=team.views,
        unread_ids=_unread_ids(agent) if counts.all else [],
    )


def _team(agent: User, account_id: int, named: Sequence[int]) -> Team:
    """Agents, groups and tags of the account and the agent's views, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TEAM,
            {
                "account": account_id,
                "agent": agent.pk,
                "named": list(named),
                "former": MAX_FORMER,
                "tags": MAX_TAGS,
                "views": MAX_VIEWS,
            },
        )
        [agents, former, groups, tags, views] = map(json.loads, cursor.fetchone())
    reachable = presence.reachable_ids(account_id)
    colleagues = []
    for row in agents:
        if row["id"] not in reachable:
            row["presence"] = Presence.OFFLINE.value
        colleagues.append(Colleague(**row))
    return Team(
        colleagues,
        [Person(**row) for row in former],
        [Group(**row) for row in groups],
        [TagName(**row) for row in tags],
        [View(**row) for row in views],
    )


def _unread_ids(agent: User) -> list[str]:
    """Open conversations with something new, for the badge that the script keeps.

    Of the latest `MAX_LOOKED_AT`: who has read all would wait for a look at each.
    """
    visible = Conversation.objects.visible_to(agent).open().awake()
    latest = visible.with_unread(agent).order_by("-last_activity_at", "-id")
    rows = latest.values("public_id", "unread")[:MAX_LOOKED_AT]  # type: ignore[misc]
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD.format(latest=sql), [*params, MAX_UNREAD])
        return [public_id for (public_id,) in cursor.fetchall()]
