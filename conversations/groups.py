"""Names of layer groups, and which of them may hear of a conversation.

Choosing the audience is a security decision: an agent's socket joins exactly
the groups that `desk_groups` returns and that of the conversation it shows, a
conversation is announced in exactly those that `audience` returns, and nobody else
builds such a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from conversations.models import Conversation
from supportdesk.accounts.models import User


@dataclass(frozen=True)
class Scope:
    """What an agent's socket needs to know of its agent, without the ORM."""

    agent_id: int
    account_id: int
    language: str
    sees_all: bool
    group_ids: frozenset[int]


def scope_of(agent: User) -> Scope:
    if agent.account_id is None:
        raise ValueError("the platform operator has no desk")
    return Scope(
        agent_id=agent.pk,
        account_id=agent.account_id,
        language=agent.language,
        sees_all=agent.sees_all_groups,
        group_ids=frozenset() if agent.sees_all_groups else agent.group_ids,
    )


def desk(account_id: int) -> str:
    """Every agent's socket of the account: presence and counts."""
    return f"desk.{account_id}"


def agent(agent_id: int) -> str:
    """One agent's sockets: access changed, signed out."""
    return f"agent.{agent_id}"


def onlookers(account_id: int, public_id: str) -> str:
    """The agents' sockets that show this conversation: who else does, who writes."""
    return f"together.{account_id}.{public_id}"


def visitor(visitor_id: int) -> str:
    """One visitor's sockets; no note ever goes here."""
    return f"visitor.{visitor_id}"


def website(account_id: int) -> str:
    """Every visitor's socket of the account: is somebody there."""
    return f"website.{account_id}"


def _sees_all(account_id: int) -> str:
    return f"desk.{account_id}.all"


def _group(account_id: int, group_id: int | None) -> str:
    return f"desk.{account_id}.group.{group_id or 'none'}"


def _assigned(agent_id: int) -> str:
    return f"agent.{agent_id}.assigned"


def desk_groups(scope: Scope) -> list[str]:
    """The layer groups an agent's socket belongs in."""
    always = [desk(scope.account_id), agent(scope.agent_id)]
    if scope.sees_all:
        return [*always, _sees_all(scope.account_id)]
    return [
        *always,
        _group(scope.account_id, None),
        *(_group(scope.account_id, group_id) for group_id in sorted(scope.group_ids)),
        _assigned(scope.agent_id),
    ]


def audience(
    account_id: int, group_id: int | None, agent_ids: Iterable[int]
) -> list[str]:
    """The layer groups that together hold all who see such a conversation.

    Without a group every agent sees it, so assignees need no message of their own.
    """
    shared = [_sees_all(account_id), _group(account_id, group_id)]
    if group_id is None:
        return shared
    return [*shared, *(_assigned(agent_id) for agent_id in sorted(agent_ids))]


def audience_of(conversation: Conversation) -> list[str]:
    return audience(
        conversation.account_id,
        conversation.group_id,
        (person.id for person in conversation.people),
    )
