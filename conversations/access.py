"""What an agent may do with a conversation they see; seeing is `visible_to`."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from conversations.models import Assignment, CannedReply, Conversation
from supportdesk.accounts.models import Role, User
from supportdesk.accounts.querysets import AgentQuerySet
from visitors.models import Visitor, VisitorMerge
from visitors.querysets import VisitorQuerySet


def may_see(
    agent: User, conversation: Conversation, assignee_ids: Collection[int]
) -> bool:
    """What `visible_to` says, of rows that are read already."""
    if not agent.is_active or agent.account_id != conversation.account_id:
        return False
    return (
        agent.sees_all_groups
        or conversation.group_id is None
        or conversation.group_id in agent.group_ids
        or agent.pk in assignee_ids
    )


def can_resolve(agent: User, conversation: Conversation) -> bool:
    """Full access, or assigned to it."""
    return agent.has_full_access or any(
        person.id == agent.pk for person in conversation.people
    )


def is_assigned_to(agent: User, conversation: Conversation) -> bool:
    return any(person.id == agent.pk for person in conversation.people)


def can_edit_reply(agent: User, reply: CannedReply) -> bool:
    """Shared ones need full access; others are seen by who they belong to."""
    return agent.has_full_access or not reply.is_shared


def agents_who_see(conversation: Conversation) -> AgentQuerySet:
    """The other side of `visible_to`: its account's active agents who may see it."""
    agents = User.objects.filter(account_id=conversation.account_id).active()
    if conversation.group_id is None:
        return agents
    groups = User.groups.through.objects.filter(user=OuterRef("pk"))
    assigned = Assignment.objects.filter(agent=OuterRef("pk"))
    return agents.filter(
        Q(role__in=[Role.OWNER, Role.FULL])
        | ~Exists(groups)
        | Exists(groups.filter(agentgroup=conversation.group_id))
        | Exists(assigned.filter(conversation=conversation.pk))
    )


def visible_visitors(agent: User) -> VisitorQuerySet:
    """Visitors with a conversation the agent sees; with full access all of them."""
    visitors = Visitor.objects.of_account(agent)
    if agent.has_full_access and agent.is_active:
        return visitors
    seen = Conversation.objects.visible_to(agent).filter(visitor=OuterRef("pk"))
    return visitors.filter(Exists(seen))


def visible_merges(
    agent: User, merges: QuerySet[VisitorMerge]
) -> QuerySet[VisitorMerge]:
    """Merges that the agent may know of and undo: their own, for they saw both sides
    then; all of them if no conversation can have been out of their sight."""
    return merges if agent.sees_all_groups else merges.filter(agent=agent)


def approachable_visitors(agent: User) -> QuerySet[Visitor]:
    """Whom the agent may begin to talk with."""
    return Visitor.objects.of_account(agent).filter(in_sight(agent, OuterRef("pk")))


def in_sight(agent: User, visitor: OuterRef) -> Q:
    """Visitors nobody has talked with yet, and those whose conversations the agent sees.

    The first are on the website and nobody's so far; the others are somebody's matter,
    and their names none of an agent who does not see it.
    """
    if agent.sees_all_groups:
        return Q()
    conversations = Conversation.objects.filter(visitor=visitor)
    seen = Conversation.objects.visible_to(agent).filter(visitor=visitor)
    return ~Exists(conversations) | Q(Exists(seen))
