"""The agents' socket: forwards what its agent may see, and little else."""

import json
import time
import uuid
from typing import Any

from conversations import groups
from conversations.counts import counts_for
from conversations.models import Conversation
from conversations.viewing import look_at
from supportdesk.accounts import presence
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import User
from supportdesk.core.sockets import SocketConsumer, in_thread

MAX_FRAME = 4096
TYPING_PAUSE = 2.0

CLOSE_SIGNED_OUT = 4401
CLOSE_RENEW = 4000


class DeskConsumer(SocketConsumer):
    """One tab of one agent.

    From the page: `{"type": "view", "conversation": id | null}`,
    `{"type": "typing", "active": bool}`, `{"type": "ping"}`. Anything else gets
    the same error, whatever was wrong with it.
    """

    async def connect(self) -> None:
        self.joined: set[str] = set()
        self.viewing: str | None = None
        self.viewing_visitor: int | None = None
        self.typing_at = 0.0
        scope = await in_thread(_load_scope)(self.scope["user"].pk)
        if scope is None:
            await self.close(CLOSE_SIGNED_OUT)
            return
        self.agent = scope
        await self._join()
        await self.accept()
        self.device = presence.device_of(self.scope["session"].session_key)
        await in_thread(_alive)(scope, self.device, announce=True)
        self.close_later(CLOSE_RENEW)

    async def disconnect(self, code: int) -> None:
        self.stop_timer()
        for name in self.joined:
            await self.channel_layer.group_discard(name, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        try:
            if text_data is None or len(text_data) > MAX_FRAME:
                raise ValueError
            content = json.loads(text_data)
            handler = self.handlers[content["type"]]
            await handler(self, content)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            await self.reply({"type": "error", "code": "bad_request"})

    # From the page

    async def page_ping(self, content: dict[str, Any]) -> None:
        await in_thread(_alive)(
            self.agent,
            self.device,
            viewing=self.viewing,
            visitor_id=self.viewing_visitor,
        )
        await self.reply({"type": "pong"})

    async def page_view(self, content: dict[str, Any]) -> None:
        self.viewing = self.viewing_visitor = None
        if content["conversation"] is None:
            return
        public_id = uuid.UUID(content["conversation"])
        self.viewing_visitor = await in_thread(_visitor_of)(self.agent, public_id)
        if self.viewing_visitor is None:
            raise ValueError
        self.viewing = str(public_id)

    async def page_typing(self, content: dict[str, Any]) -> None:
        if self.viewing_visitor is None:
            return
        active = bool(content["active"])
        now = time.monotonic()
        if active and now - self.typing_at < TYPING_PAUSE:
            return
        self.typing_at = now
        await self.channel_layer.group_send(
            groups.visitor(self.viewing_visitor),
            {"type": "visitor.typing", "conversation": self.viewing, "active": active},
        )

    handlers = {"ping": page_ping, "view": page_view, "typing": page_typing}

    # From the layer

    async def desk_conversation(self, event: dict[str, Any]) -> None:
        language = self.agent.language
        content = {
            "type": "conversation",
            "id": event["id"],
            "status": event["status"],
            "unread": max(
                event["visitor_messages"]
                - event["reads"].get(str(self.agent.agent_id), 0),
                0,
            ),
            "visitor_seen": event["visitor_seen"],
        }
        if "row" in event:
            # Null in a language nobody had when it was rendered: the page asks.
            content["row"] = event["row"].get(language)
        if "by" in event:
            content |= {"by": event["by"], "kind": event["kind"], "seq": event["seq"]}
        if self.viewing == event["id"]:
            # Profiles may have been merged since.
            self.viewing_visitor = event["visitor"]
            content["head"] = event.get("head", False)
            if "message" in event:
                content["message"] = event["message"].get(language)
        await self.reply(content)

    async def desk_gone(self, event: dict[str, Any]) -> None:
        if self.viewing == event["id"]:
            # Moved away from one of this agent's groups, perhaps into another.
            public_id = uuid.UUID(event["id"])
            if await in_thread(_visitor_of)(self.agent, public_id) is not None:
                return
            self.viewing = self.viewing_visitor = None
        await self.reply({"type": "gone", "id": event["id"]})

    async def desk_visitor(self, event: dict[str, Any]) -> None:
        if self.viewing_visitor == event["visitor"]:
            await self.reply({"type": "visitor", "sections": event["sections"]})

    async def desk_typing(self, event: dict[str, Any]) -> None:
        await self.reply(
            {"type": "typing", "id": event["id"], "active": event["active"]}
        )

    async def desk_counts(self, event: dict[str, Any]) -> None:
        counts = counts_for(self.agent, event["parts"])
        await self.reply({"type": "counts", **counts.as_dict()})

    async def desk_presence(self, event: dict[str, Any]) -> None:
        await self.reply({"type": "presence", "states": event["states"]})

    async def desk_access(self, event: dict[str, Any]) -> None:
        """Rights changed: hear what they allow from now on, or nothing more."""
        scope = await in_thread(_load_scope)(self.agent.agent_id)
        if scope is None:
            await self.close(CLOSE_SIGNED_OUT)
            return
        self.agent = scope
        await self._join()
        if self.viewing is not None:
            visible = await in_thread(_visitor_of)(scope, uuid.UUID(self.viewing))
            if visible is None:
                await self.desk_gone({"id": self.viewing})
        await self.reply({"type": "access"})

    async def desk_signed_out(self, event: dict[str, Any]) -> None:
        if not event["session"]:
            # Every device: those whose session still counts are back at once.
            await self.close(CLOSE_RENEW)
        elif self.scope["session"].session_key == event["session"]:
            await self.close(CLOSE_SIGNED_OUT)

    async def _join(self) -> None:
        wanted = set(groups.desk_groups(self.agent))
        for name in self.joined - wanted:
            await self.channel_layer.group_discard(name, self.channel_name)
        for name in wanted - self.joined:
            await self.channel_layer.group_add(name, self.channel_name)
        self.joined = wanted


def _load_scope(agent_id: int | None) -> groups.Scope | None:
    agent = User.objects.active().filter(pk=agent_id, account__isnull=False).first()
    return groups.scope_of(agent) if agent else None


def _alive(
    scope: groups.Scope,
    device: str,
    *,
    viewing: str | None = None,
    visitor_id: int | None = None,
    announce: bool = False,
) -> None:
    presence.touch(scope.account_id, scope.agent_id, device)
    if viewing is not None and visitor_id is not None:
        look_at(scope.account_id, viewing, visitor_id)
    if announce:
        accounts.announce_presence(scope.account_id)


def _visitor_of(scope: groups.Scope, public_id: uuid.UUID) -> int | None:
    agent = User.objects.get(pk=scope.agent_id)
    visible = Conversation.objects.visible_to(agent).filter(public_id=public_id)
    visitor_id = visible.values_list("visitor_id", flat=True).first()
    if visitor_id is not None:
        look_at(scope.account_id, str(public_id), visitor_id)
    return visitor_id
