"""The visitors' socket: no cookie, a token in the first frame, one conversation."""

import contextlib
import json
import time
import uuid
from collections import deque
from typing import Any, NamedTuple

from django.core.exceptions import BadRequest
from django.utils import translation
from django.utils.translation import gettext as _

from channels_integration.website import (
    browsers,
    limits,
    origins,
    reading,
    services,
)
from channels_integration.website.config import WebsiteConfig
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from conversations import groups, publisher
from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.visitor_view import message_for_visitor
from supportdesk.core import client_ip
from supportdesk.core.sockets import SocketConsumer, in_thread
from visitors.blocks import contains, is_blocked
from visitors.services import mark_seen

MAX_FRAME = 64 * 1024
MAX_BAD_FRAMES = 20
HELLO_TIMEOUT = 10.0
TYPING_PAUSE = 2.0
# Messages that a socket takes from the shared counters at once.
ALLOWANCE = 5
# How often a ping also looks whether the token still counts, and notes the visit.
CHECK_PAUSE = 45.0

CLOSE_RENEW = 4000
CLOSE_NONSENSE = 4400
CLOSE_SESSION_GONE = 4401
CLOSE_FOREIGN_ORIGIN = 4403
CLOSE_NO_HELLO = 4408
CLOSE_BLOCKED = 4423
CLOSE_TOO_OFTEN = 4429

BAD_REQUEST = {"type": "error", "code": "bad_request"}


class VisitorConsumer(SocketConsumer):
    """One tab of one visitor.

    First frame `{"type": "hello", "token", "after": seq | null}`, answered by
    `ready` with what came after. Then `message {client_id, text, page?, group?}`
    (answered by `ack` or `nack`), `typing {active}`, `seen {seq}`, `ping`.
    Anything else gets the same error, whatever was wrong with it.
    """

    session: VisitorSession | None = None
    # The conversation as messages go to it without asking the database first;
    # None while there is none, or it may have to be another one.
    conversation_id: int | None = None
    conversation: str = ""
    # Messages that were counted but not yet written.
    allowance = 0

    async def connect(self) -> None:
        self.joined: list[str] = []
        self.bad_frames = 0
        # Messages that came by this very socket.
        self.own: deque[str] = deque(maxlen=20)
        self.typing_at = 0.0
        self.checked_at = time.monotonic()
        self.origin = self._header(b"origin")
        self.address = client_ip.of_scope(self.scope)
        allowed = origins.is_web_origin(self.origin) and await in_thread(limits.within)(
            "socket", address=self.address
        )
        if not allowed:
            await self.close()
            return
        await self.accept()
        self.close_later(CLOSE_NO_HELLO, HELLO_TIMEOUT)

    async def disconnect(self, code: int) -> None:
        self.stop_timer()
        await self._leave()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        try:
            if text_data is None or len(text_data) > MAX_FRAME:
                raise BadRequest
            content = json.loads(text_data)
            kind = content["type"]
            if (self.session is None) != (kind == "hello"):
                raise BadRequest
            await self.handlers[kind](self, Input(content))
        except VisitorSession.DoesNotExist:
            # The visitor was erased while this was under way.
            await self.close(CLOSE_SESSION_GONE)
        except (BadRequest, KeyError, TypeError, ValueError, RecursionError):
            self.bad_frames += 1
            await self.reply(BAD_REQUEST)
            if self.bad_frames >= MAX_BAD_FRAMES:
                await self.close(CLOSE_NONSENSE)

    # From the page

    async def page_hello(self, content: Input) -> None:
        token = content.text("token")
        after = None if content.get("after") is None else content.number("after")
        try:
            session, self.profile_id = await in_thread(_who)(token)
        except services.SessionGone:
            await self.close(CLOSE_SESSION_GONE)
            return
        config = WebsiteConfig.parse(session.channel.config)
        if not origins.is_allowed(self.origin, config, self._header(b"host")):
            await self.close(CLOSE_FOREIGN_ORIGIN)
            return
        if await in_thread(_is_blocked)(session, self.address):
            await self.close(CLOSE_BLOCKED)
            return
        if not await in_thread(limits.within)(
            "read", address="", session_id=session.pk
        ):
            await self.close(CLOSE_TOO_OFTEN)
            return
        # Joined before reading: what comes in between is told twice, not never.
        for name in (
            groups.visitor(self.profile_id),
            groups.website(session.channel.account_id),
        ):
            await self.channel_layer.group_add(name, self.channel_name)
            self.joined.append(name)
        found, thread = await in_thread(_first_look)(session, after)
        if found is None:
            await self.close(CLOSE_SESSION_GONE)
            return
        if found.profile.pk != self.profile_id:
            # Identified since the token was seen: these are the wrong groups.
            await self.close(CLOSE_RENEW)
            return
        self._adopt(found)
        self.close_later(CLOSE_RENEW)
        await self.reply({"type": "ready", **thread})

    async def page_message(self, content: Input) -> None:
        client_id, text = content.uuid("client_id"), content.text("text")
        group_key = content.text("group")
        self.own.append(str(client_id))
        try:
            if not self.allowance:
                self.allowance = await in_thread(_allowance)(
                    self._session(), self.address
                )
            self.allowance -= 1
            stored = await in_thread(_receive)(
                self._session(),
                self.address,
                (self.conversation_id, self.conversation),
                client_id=client_id,
                text=text,
                page=content.get("page"),
                group_key=group_key,
            )
        except services.SessionGone:
            await self.close(CLOSE_SESSION_GONE)
            return
        except services.Blocked:
            await self.close(CLOSE_BLOCKED)
            return
        except _TooOften as error:
            await self._nack(client_id, "rate_limited", str(error))
            return
        except ConversationError as error:
            await self._nack(client_id, "refused", str(error))
            return
        if stored.conversation_id != self.conversation_id:
            # The first on this socket, or a retry of what a former one holds.
            self._adopt(await in_thread(_reload)(self._session()))
        if stored.conversation == self.conversation:
            self.conversation_id = stored.conversation_id
        await self.reply(
            {
                "type": "ack",
                "client_id": str(client_id),
                "conversation": stored.conversation,
                "message": stored.entry,
            }
        )

    async def page_typing(self, content: Input) -> None:
        active = content.flag("active")
        now = time.monotonic()
        conversation_id = self._session().conversation_id
        if conversation_id is None:
            return
        if active and now - self.typing_at < TYPING_PAUSE:
            return
        if not active and not self.typing_at:
            return
        self.typing_at = now if active else 0.0
        await in_thread(_publish_typing)(conversation_id, active)

    async def page_seen(self, content: Input) -> None:
        seq = content.number("seq")
        if self.conversation:
            await in_thread(_mark_seen)(self._session(), seq)

    async def page_ping(self, content: Input) -> None:
        now = time.monotonic()
        if now - self.checked_at >= CHECK_PAUSE:
            self.checked_at = now
            code = await in_thread(_why_close)(
                self._session(), self.profile_id, self.address
            )
            if code is not None:
                await self.close(code)
                return
        await self.reply({"type": "pong"})

    handlers = {
        "hello": page_hello,
        "message": page_message,
        "typing": page_typing,
        "seen": page_seen,
        "ping": page_ping,
    }

    # From the layer: only what belongs to this browser's conversation goes on.

    async def visitor_message(self, event: dict[str, Any]) -> None:
        if not await self._is_mine(event["conversation"]["id"]):
            return
        self._follow(event["conversation"])
        if event["message"].get("client_id") in self.own:
            return  # the acknowledgement says it
        await self.reply(
            {
                "type": "message",
                "conversation": event["conversation"],
                "message": event["message"],
            }
        )

    async def visitor_state(self, event: dict[str, Any]) -> None:
        if await self._is_mine(event["conversation"]["id"]):
            self._follow(event["conversation"])
            await self.reply({"type": "state", "conversation": event["conversation"]})

    async def visitor_typing(self, event: dict[str, Any]) -> None:
        if event["conversation"] == self.conversation:
            await self.reply({"type": "typing", "active": event["active"]})

    async def visitor_online(self, event: dict[str, Any]) -> None:
        await self.reply({"type": "online", "online": event["online"]})

    async def visitor_revoked(self, event: dict[str, Any]) -> None:
        if self.session is not None and self.session.pk == event["session"]:
            await self.close(CLOSE_SESSION_GONE)

    async def visitor_blocked(self, event: dict[str, Any]) -> None:
        network = event["network"]
        if not network or contains(network, self.address):
            await self._leave()
            await self.close(CLOSE_BLOCKED)

    async def visitor_erased(self, event: dict[str, Any]) -> None:
        await self._leave()
        await self.close(CLOSE_SESSION_GONE)

    async def visitor_renew(self, event: dict[str, Any]) -> None:
        """Profiles were merged or parted: the browser comes back as who it is now."""
        await self.close(CLOSE_RENEW)

    async def _leave(self) -> None:
        """Hear nothing more, even before the connection is down."""
        for name in self.joined:
            await self.channel_layer.group_discard(name, self.channel_name)
        self.joined = []

    async def _is_mine(self, public_id: str) -> bool:
        if self.session is None:
            return False
        if public_id != self.conversation:
            # Another tab may have begun it just now.
            try:
                self._adopt(await in_thread(_reload)(self.session))
            except VisitorSession.DoesNotExist:
                return False
        return public_id == self.conversation

    def _session(self) -> VisitorSession:
        if self.session is None:
            raise BadRequest
        return self.session

    def _adopt(self, session: VisitorSession) -> None:
        """Follow the browser's conversation; its next message looks which it is.

        It may be a retry, which another conversation than this one may hold.
        """
        self.session = session
        conversation = session.conversation
        self.conversation = str(conversation.public_id) if conversation else ""
        self.conversation_id = None

    def _follow(self, state: dict[str, Any]) -> None:
        """After resolving the next message may begin another conversation."""
        if state["status"] != Conversation.Status.OPEN:
            self.conversation_id = None

    async def _nack(self, client_id: object, code: str, message: str) -> None:
        error = {"code": code, "message": message}
        await self.reply({"type": "nack", "client_id": str(client_id), "error": error})

    def _header(self, name: bytes) -> str:
        headers = dict(self.scope["headers"])
        return str(headers.get(name, b"").decode("latin-1"))


class _TooOften(Exception):
    pass


class _Stored(NamedTuple):
    """A message as the sender is told of it, and where it went."""

    entry: dict[str, Any]
    conversation_id: int
    conversation: str


def _who(token: str) -> tuple[VisitorSession, int]:
    session = services.find_session(token)
    return session, session.profile.pk


def _first_look(
    session: VisitorSession, after: int | None
) -> tuple[VisitorSession | None, dict[str, Any]]:
    """The session read again, and its thread.

    Since the token was seen, a message may have begun the conversation, or the
    browser become another customer's: pages say both right after they are loaded.
    """
    found = services.reload_session(session)
    if found is None:
        return None, {}
    mark_seen(visitor=found.profile)
    with translation.override(found.visitor.language):
        thread = reading.thread_for_visitor(found, after=after)
    browsers.note_fetched(found)
    return found, thread


def _is_blocked(session: VisitorSession, address: str) -> bool:
    return is_blocked(session.channel.account_id, session.visitor, address)


def _reload(session: VisitorSession) -> VisitorSession:
    # One that does not count any more ends with the next ping.
    return services.reload_session(session) or session


def _receive(
    session: VisitorSession,
    address: str,
    known: tuple[int | None, str],
    *,
    client_id: uuid.UUID,
    text: str,
    page: Any,
    group_key: str,
) -> _Stored:
    services.check_not_blocked(session.channel.account_id, session, address)
    with translation.override(session.visitor.language):
        conversation_id, public_id = known
        if conversation_id is not None:
            with contextlib.suppress(Conversation.DoesNotExist):
                message = conversations.post_visitor_message(
                    conversation_id=conversation_id,
                    channel=session.channel,
                    text=text,
                    client_id=client_id,
                )
                return _Stored(message_for_visitor(message), conversation_id, public_id)
        message = services.receive_message(
            session_id=session.pk,
            client_id=client_id,
            text=text,
            page=page,
            group_key=group_key,
        )
        conversation = message.conversation
        return _Stored(
            message_for_visitor(message), conversation.pk, str(conversation.public_id)
        )


def _allowance(session: VisitorSession, address: str) -> int:
    """Messages that may follow without asking: several, near the limit one.

    Raises _TooOften beyond it.
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
        raise _TooOften(_("Too many messages. Please wait a moment."))


def _publish_typing(conversation_id: int, active: bool) -> None:
    rows = Conversation.objects.with_row().filter(pk=conversation_id)
    if (conversation := rows.first()) is not None:
        publisher.publish_typing_visitor(conversation, active=active)


def _mark_seen(session: VisitorSession, seq: int) -> None:
    found = services.reload_session(session)
    if found is not None and found.conversation_id is not None:
        conversations.mark_seen_by_visitor(
            conversation_id=found.conversation_id, public_seq=seq
        )


def _why_close(session: VisitorSession, profile_id: int, address: str) -> int | None:
    """None while the token counts, and for the profile that the socket joined."""
    found = services.reload_session(session)
    if found is None:
        return CLOSE_SESSION_GONE
    if _is_blocked(found, address):
        return CLOSE_BLOCKED
    mark_seen(visitor=found.profile)
    return None if found.profile.pk == profile_id else CLOSE_RENEW
