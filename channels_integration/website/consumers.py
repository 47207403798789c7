"""The visitors' socket: no cookie, a token in the first frame, one conversation."""

import json
import time
from collections import deque
from typing import Any

from django.core.exceptions import BadRequest

from channels_integration.website import (
    limits,
    origins,
    present,
    services,
    steps,
)
from channels_integration.website.availability import Availability
from channels_integration.website.config import WebsiteConfig
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from channels_integration.website.steps import (
    CLOSE_BLOCKED,
    CLOSE_RENEW,
    CLOSE_SESSION_GONE,
)
from conversations import groups
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.visitor_view import is_running, visitor_key
from supportdesk.core import client_ip
from supportdesk.core.sockets import SocketConsumer, in_thread
from visitors.blocks import contains

MAX_FRAME = 64 * 1024
MAX_BAD_FRAMES = 20
HELLO_TIMEOUT = 10.0
TYPING_PAUSE = 2.0
# How often a ping also looks whether the token still counts, and notes the visit.
CHECK_PAUSE = 45.0

CLOSE_NONSENSE = 4400
CLOSE_FOREIGN_ORIGIN = 4403
CLOSE_NO_HELLO = 4408
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
    # Who is there, whether that counts for this conversation, and what was told of it.
    desk = Availability(is_staffed=False)
    is_running = False
    told_online = False
    # Account and profile for whom this socket is a sign of life.
    present_as: tuple[int, int] | None = None

    async def __call__(self, *args: Any) -> None:
        try:
            await super().__call__(*args)
        finally:
            # Also after a failure, of which `disconnect` does not hear.
            if self.present_as is not None:
                await present.leave(*self.present_as)

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
            session, self.profile_id = await in_thread(steps.who)(token)
        except services.SessionGone:
            await self.close(CLOSE_SESSION_GONE)
            return
        config = WebsiteConfig.parse(session.channel.config)
        if not origins.is_allowed(self.origin, config, self._header(b"host")):
            await self.close(CLOSE_FOREIGN_ORIGIN)
            return
        if await in_thread(steps.is_blocked_at)(session, self.address):
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
        found, thread, self.desk = await in_thread(steps.first_look)(session, after)
        if found is None:
            await self.close(CLOSE_SESSION_GONE)
            return
        if found.profile.pk != self.profile_id:
            # Identified since the token was seen: these are the wrong groups.
            await self.close(CLOSE_RENEW)
            return
        self._adopt(found)
        self.told_online = thread["online"]
        self.close_later(CLOSE_RENEW)
        await self.reply({"type": "ready", **thread})
        self.present_as = (session.channel.account_id, self.profile_id)
        await present.enter(*self.present_as)

    async def page_message(self, content: Input) -> None:
        client_id, text = content.uuid("client_id"), content.text("text")
        group_key = content.text("group")
        self.own.append(str(client_id))
        try:
            if not self.allowance:
                self.allowance = await in_thread(steps.allowance)(
                    self._session(), self.address
                )
            self.allowance -= 1
            stored = await in_thread(steps.receive_message)(
                self._session(),
                self.address,
                self.conversation_id,
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
        except steps.TooOften as error:
            await self._nack(client_id, "rate_limited", str(error))
            return
        except ConversationError as error:
            await self._nack(client_id, "refused", str(error))
            return
        if stored.conversation_id != self.conversation_id:
            # The first on this socket, or a retry of what a former one holds.
            self._adopt(await in_thread(steps.reload)(self._session()))
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
        await self._tell_online()

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
        await in_thread(steps.publish_typing)(conversation_id, active)

    async def page_seen(self, content: Input) -> None:
        seq = content.number("seq")
        if self.conversation:
            await in_thread(steps.mark_thread_seen)(self._session(), seq)

    async def page_ping(self, content: Input) -> None:
        now = time.monotonic()
        if now - self.checked_at >= CHECK_PAUSE:
            self.checked_at = now
            code = await in_thread(steps.why_close)(
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
        self._follow(event)
        # Of what came by this very socket the acknowledgement says it.
        if event["message"].get("client_id") not in self.own:
            await self.reply(
                {
                    "type": "message",
                    "conversation": event["conversation"],
                    "message": event["message"],
                }
            )
        await self._tell_online()

    async def visitor_state(self, event: dict[str, Any]) -> None:
        if await self._is_mine(event["conversation"]["id"]):
            self._follow(event)
            await self.reply({"type": "state", "conversation": event["conversation"]})
            await self._tell_online()

    async def visitor_typing(self, event: dict[str, Any]) -> None:
        if event["conversation"] == self.conversation.partition(".")[0]:
            await self.reply({"type": "typing", "active": event["active"]})

    async def visitor_online(self, event: dict[str, Any]) -> None:
        self.desk = Availability(event["is_staffed"], event["is_open"], event["back"])
        await self._tell_online(anew=True)

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
                self._adopt(await in_thread(steps.reload)(self.session))
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
        self.conversation = visitor_key(conversation) if conversation else ""
        self.conversation_id = None
        self.is_running = is_running(conversation)

    def _follow(self, event: dict[str, Any]) -> None:
        """After resolving the next message may begin another conversation."""
        self.is_running = event["is_running"]
        if event["conversation"]["status"] != Conversation.Status.OPEN:
            self.conversation_id = None

    async def _tell_online(self, *, anew: bool = False) -> None:
        """Say whether somebody is there, if that is news for this conversation.

        Outside business hours it is when somebody takes it on, and when it ends.
        """
        told = self.desk.told(is_running=self.is_running)
        if anew or told["online"] != self.told_online:
            self.told_online = told["online"]
            await self.reply({"type": "online", **told})

    async def _nack(self, client_id: object, code: str, message: str) -> None:
        error = {"code": code, "message": message}
        await self.reply({"type": "nack", "client_id": str(client_id), "error": error})

    def _header(self, name: bytes) -> str:
        headers = dict(self.scope["headers"])
        return str(headers.get(name, b"").decode("latin-1"))
