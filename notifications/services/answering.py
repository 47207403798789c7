"""An answer by mail: from an agent's mailbox into the conversation."""

import uuid
from collections.abc import Iterable, Sequence
from enum import StrEnum

from django.utils import translation
from django.utils.translation import gettext as _

from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services import CheckedUpload
from notifications.automatic_mail import is_automatic
from notifications.reply_addresses import verify
from supportdesk.accounts.models import User

# Names of answers, made from those of their mails: never change it.
_ANSWERS = uuid.UUID("5f0d3a52-6f5c-4a5e-9a77-3f6a2f7c9b11")


class Refusal(StrEnum):
    """Why a mail does not become an answer."""

    AUTOMATIC = "automatic"
    ADDRESS = "address"
    SENDER = "sender"
    INACTIVE = "inactive"
    CONVERSATION = "conversation"
    TEXT = "text"


class ReplyRefused(Exception):
    """`sentence` is for the sender, in the agent's language once they are known."""

    def __init__(self, reason: Refusal, sentence: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.sentence = sentence


def answer_by_mail(
    *,
    address: str,
    sender: str,
    text: str,
    message_id: str,
    headers: Iterable[tuple[str, str]] = (),
    uploads: Sequence[CheckedUpload] = (),
) -> Message:
    """Store what an agent wrote in answer to the desk's mail as their answer.

    `address` is where the mail arrived and `sender` the bare address it is from.
    Anybody can write any sender: whoever takes mails in calls this only for those whose
    sender DMARC confirms. `text` comes without quotes and signature. The same
    `message_id` again returns the stored message; a mail that has none needs a name
    made of its content. Raises ReplyRefused.
    """
    if not message_id.strip():
        raise ValueError("an answer needs a name by which a retry is recognised")
    if is_automatic(headers):
        raise ReplyRefused(
            Refusal.AUTOMATIC, _("Automatic e-mails are not passed on to visitors.")
        )
    reply_to = verify(address)
    agent = (
        User.objects.select_related("account")
        .filter(pk=reply_to.agent_id, account__isnull=False)
        .first()
        if reply_to
        else None
    )
    if reply_to is None or agent is None:
        raise ReplyRefused(
            Refusal.ADDRESS, _("No conversation belongs to this e-mail address.")
        )
    with translation.override(agent.language):
        # Before anything else is said about the agent.
        if not _is_of(agent, sender):
            raise ReplyRefused(
                Refusal.SENDER,
                _("Please answer from the e-mail address with which you sign in."),
            )
        if not agent.is_active or (agent.account and agent.account.is_suspended):
            raise ReplyRefused(Refusal.INACTIVE, _("Your access is switched off."))
        return _post(
            agent,
            reply_to.conversation_id,
            text=text,
            client_id=uuid.uuid5(_ANSWERS, f"{agent.pk} {message_id.strip()}"),
            uploads=uploads,
        )


def _is_of(agent: User, sender: str) -> bool:
    # Agents' addresses are stored in lower case. Other letters than ASCII ones are
    # compared as they are: lower case would make some of them ASCII.
    return sender == agent.email or (sender.isascii() and sender.lower() == agent.email)


def _post(
    agent: User,
    conversation_id: int,
    *,
    text: str,
    client_id: uuid.UUID,
    uploads: Sequence[CheckedUpload],
) -> Message:
    visible = Conversation.objects.visible_to(agent).holding(pk=conversation_id)
    try:
        if not visible.exists():
            raise Conversation.DoesNotExist
        return conversations.post_agent_message(
            conversation_id=conversation_id,
            agent=agent,
            text=text,
            client_id=client_id,
            uploads=uploads,
        )
    except Conversation.DoesNotExist:
        # Erased, perhaps while we looked; one sentence, so that none says what is there.
        raise ReplyRefused(
            Refusal.CONVERSATION,
            _("The conversation was deleted, or you may not see it any more."),
        ) from None
    except ConversationError as error:
        raise ReplyRefused(Refusal.TEXT, str(error)) from error
