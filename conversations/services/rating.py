"""The visitor's verdict on a resolved conversation."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services.thread import append_event, lock
from supportdesk.core.text import redact_text

MAX_COMMENT_LENGTH = 2000


@transaction.atomic
def rate_conversation(
    *, conversation_id: int, rating: int, comment: str = ""
) -> Conversation:
    """Store rating (1, 3, 5) and comment; a later rating replaces the earlier.

    Raises ConversationError while the conversation is open, and for a rating
    that is none.
    """
    if rating not in Conversation.Rating.values:
        raise ConversationError(_("Please choose one of the three faces."))
    conversation = lock(conversation_id)
    if conversation.is_open:
        raise ConversationError(_("The conversation is not resolved yet."))
    text = redact_text(comment).text[:MAX_COMMENT_LENGTH]
    if conversation.rating == rating and conversation.rating_comment == text:
        return conversation
    conversation.rating = rating
    conversation.rating_comment = text
    conversation.rated_at = timezone.now()
    append_event(
        conversation,
        Message.Event.RATED,
        data={"rating": rating, "comment": text},
        changed=["rating", "rating_comment", "rated_at"],
    )
    return conversation
