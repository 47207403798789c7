"""What the visitors' socket does in threads: each step is one visit to the database."""

import contextlib
import uuid
from typing import Any, NamedTuple, Self

from django.utils import translation
from django.utils.translation import gettext as _

from channels_integration.website import browsers, limits, reading, services
from channels_integration.website.availability import Availability, availability_of
from channels_integration.website.models import VisitorSession
from conversations import publisher
from conversations import services as conversations
from conversations.models import Conversation, Message
from conversations.visitor_view import message_for_visitor, visitor_key
from visitors.blocks import is_blocked
from visitors.services import mark_seen

# Messages that a socket takes from the shared counters at once.
ALLOWANCE = 5

CLOSE_RENEW = 4000
CLOSE_SESSION_GONE = 4401
CLOSE_BLOCKED = 4423


class TooOften(Exception):
    pass


class Stored(NamedTuple):
    """A message as the sender is told of it, and where it went."""

    entry: dict[str, Any]
    conversation_id: int
    conversation: str

    @classmethod
    def of(cls, message: Message) -> Self:
        conversation = message.conversation
        return cls(
            message_for_visitor(message), conversation.pk, visitor_key(conversation)
        )


def who(token: str) -> tuple[VisitorSession, int]:
    session = services.find_session(token)
    return session, session.profile.pk


def first_look(
    session: VisitorSession, after: int | None
) -> tuple[VisitorSession | None, dict[str, Any], Availability]:
    """The session read again, its thread, and who is there for it.

    Since the token was seen, a message may have begun the conversation, or the
    browser become another customer's: pages say both right after they are loaded.
    """
    desk = availability_of(session.channel.account_id)
    found = services.reload_session(session)
    if found is None:
        return None, {}, desk
    mark_seen(visitor=found.profile)
    with translation.override(found.visitor.language):
        thread = reading.thread_for_visitor(found, after=after, desk=desk)
    browsers.note_fetched(found)
    return found, thread, desk


def is_blocked_at(session: VisitorSession, address: str) -> bool:
    account = session.channel.account
    return account.is_suspended or is_blocked(account.pk, session.visitor, address)


def reload(session: VisitorSession) -> VisitorSession:
    # One that does not count any more ends with the next ping.
    return services.reload_session(session) or session


def receive_message(
    session: VisitorSession,
    address: str,
    conversation_id: int | None,
    *,
    client_id: uuid.UUID,
    text: str,
    page: Any,
    group_key: str,
) -> Stored:
    services.check_not_blocked(session.channel.account_id, session, address)
    with translation.override(session.visitor.language):
        if conversation_id is not None:
            with contextlib.suppress(Conversation.DoesNotExist):
                message = conversations.post_visitor_message(
                    conversation_id=conversation_id,
                    channel=session.channel,
                    text=text,
                    client_id=client_id,
                )
                return Stored.of(message)
        message = services.receive_message(
            session_id=session.pk,
            client_id=client_id,
            text=text,
            page=page,
            group_key=group_key,
        )
        return Stored.of(message)


def allowance(session: VisitorSession, address: str) -> int:
    """Messages that may follow without asking: several, near the limit one.

    Raises TooOften beyond it.
    """
    for uses in (ALLOWANCE, 1):
        if limits.within(
            "message",
            address=address,
            session_id=session.pk,
            account_id=session.channel.account_id,
            uses=uses,
        ):
            return uses
    with translation.override(session.visitor.language):
        raise TooOften(_("Too many messages. Please wait a moment."))


def publish_typing(conversation_id: int, active: bool) -> None:
    rows = Conversation.objects.with_row().filter(pk=conversation_id)
    if (conversation := rows.first()) is not None:
        publisher.publish_typing_visitor(conversation, active=active)


def mark_thread_seen(session: VisitorSession, seq: int) -> None:
    found = services.reload_session(session)
    if found is not None and found.conversation_id is not None:
        conversations.mark_seen_by_visitor(
            conversation_id=found.conversation_id, public_seq=seq
        )


def why_close(session: VisitorSession, profile_id: int, address: str) -> int | None:
    """None while the token counts, and for the profile that the socket joined."""
    found = services.reload_session(session)
    if found is None:
        return CLOSE_SESSION_GONE
    if is_blocked_at(found, address):
        return CLOSE_BLOCKED
    mark_seen(visitor=found.profile)
    return None if found.profile.pk == profile_id else CLOSE_RENEW
