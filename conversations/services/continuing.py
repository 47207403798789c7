"""Where the visitor goes on, after what they were in the midst of was split off.

The old part says it itself, written with the split: who kept its key (a browser that
nobody could tell, a socket that missed the push) is led on from there.
"""

from django.db import transaction

from conversations.models import Conversation
from conversations.services.thread import lock


def going_on(conversation: Conversation) -> Conversation:
    """The conversation in which its visitor goes on: mostly itself, without a query.

    Never another visitor's: profiles may have been parted since.
    """
    while conversation.continued_in_id is not None:
        found = Conversation.objects.holding(pk=conversation.continued_in_id)
        following = found.filter(visitor=conversation.visitor_id).first()
        if following is None:
            break
        conversation = following
    return conversation


def lock_going_on(conversation_id: int) -> Conversation:
    """Lock the one in which the visitor goes on, and no other."""
    while True:
        savepoint = transaction.savepoint()
        conversation = lock(conversation_id)
        following = going_on(conversation)
        if following.pk == conversation.pk:
            transaction.savepoint_commit(savepoint)
            return conversation
        # Given back: whoever joins the two locks them in the order of their keys.
        transaction.savepoint_rollback(savepoint)
        conversation_id = following.pk
