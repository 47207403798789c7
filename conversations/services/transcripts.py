from django.db import transaction
from django.utils.translation import gettext as _

from conversations.events import TranscriptRequested, transcript_requested
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from supportdesk.core.events import emit_on_commit


@transaction.atomic
def request_transcript(*, conversation: Conversation) -> None:
    """Ask for the conversation by e-mail, to the visitor's own address.

    Raises ConversationError when no address is known.
    """
    if not conversation.visitor.email:
        raise ConversationError(_("Please enter your e-mail address first."))
    emit_on_commit(
        transcript_requested, TranscriptRequested(conversation_id=conversation.pk)
    )
