"""What an agent may do with a conversation they see; seeing is `visible_to`."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from conversations.models import Conversation
from supportdesk.accounts.models import User
from visitors.models import Visitor, VisitorMerge
from visitors.querysets import VisitorQuerySet


def can_resolve(agent: User, conversation: Conversation) -> bool:
    """Full access, or assigned to it."""
    return agent.has_full_access or any(
        person.id == agent.pk for person in conversation.people
    )


def is_assigned_to(agent: User, conversation: Conversation) -> bool:
    return any(person.id == agent.pk for person in conversation.people)


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
