"""What is to be answered before the rest."""

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import User


@transaction.atomic
def change_priority(*, conversation_id: int, priority: int, by: User) -> Conversation:
    """Say how urgent it is; the same again changes nothing.

    Raises ConversationError for a priority that is none.
    """
    if priority not in Conversation.Priority.values:
        raise ConversationError(_("Please choose a priority."))
    conversation = lock_seen(conversation_id, by)
    before = conversation.priority
    if before == priority:
        return conversation
    conversation.priority = priority
    append_event(
        conversation,
        Message.Event.PRIORITY_CHANGED,
        agent=by,
        data={"from": before, "to": priority},
        changed=["priority"],
    )
    return conversation
