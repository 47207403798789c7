"""Agents who want to hear of a conversation without being responsible for it."""

from django.db import transaction

from conversations.access import agents_who_see
from conversations.exceptions import NotAllowed
from conversations.models import Conversation, Follow
from conversations.services.thread import lock
from supportdesk.accounts.models import User


@transaction.atomic
def follow_conversation(*, conversation_id: int, agent: User) -> None:
    """Tell the agent of it from now on; a second time changes nothing.

    Under the lock that handing it over takes: who loses sight of it in this moment
    does not go on following. Raises NotAllowed for who does not see it.
    """
    conversation = lock(conversation_id)
    if not agents_who_see(conversation).filter(pk=agent.pk).exists():
        raise NotAllowed
    Follow.objects.get_or_create(conversation=conversation, agent=agent)


@transaction.atomic
def unfollow_conversation(*, conversation_id: int, agent: User) -> None:
    """Tell the agent no more; a second time changes nothing."""
    Follow.objects.filter(conversation=conversation_id, agent=agent).delete()


def drop_followers(conversation: Conversation) -> None:
    """End it silently for whoever sees a locked conversation no more."""
    Follow.objects.filter(conversation=conversation).exclude(
        agent__in=agents_who_see(conversation)
    ).delete()
