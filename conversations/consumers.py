"""The agents' socket: forwards what its agent may see, and little else."""

import json
import secrets
import time
import uuid
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY

from conversations import groups
from conversations.counts import counts_for
from conversations.models import Conversation
from conversations.publisher import lookers_event, publish_lookers
from conversations.together import leave, look
from conversations.viewing import NEWS, changed_since, look_at
from supportdesk.accounts import presence
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import User
from supportdesk.core.sockets import SocketConsumer, in_thread

MAX_FRAME = 4096
TYPING_PAUSE = 2.0
# How often a ping also looks whether what was cut off did not hear of it.
CHECK_PAUSE = 45.0

CLOSE_SIGNED_OUT = 4401
CLOSE_RENEW = 4000


class DeskConsumer(SocketConsumer):
    """One tab of one agent.

    From the page: `{"type": "view", "conversation": id | null}`, with `"hidden": true`
    while the tab is not looked at and `"age"`, for how many seconds what it shows was on
    its way; `{"type": "typing", "active": bool}`, with `"note": true` for what the
    visitor must not hear of; `{"type": "ping"}`. Anything else gets the same error,
    whatever was wrong with it.
    """

    async def connect(self) -> None:
        self.joined: set[str] = set()
        self.viewing: str | None = None
        self.viewing_visitor: int | None = None
        self.tab = secrets.token_hex(4)
        self.is_looking = False
        # Who else does, as the page was told, and when that was read.
        self.others: list[dict[str, Any]] | None = None
        self.looking_at = 0
        self.typing_at = 0.0
        self.checked_at = time.monotonic()
        # Of what is told: "reply", "note" or nothing.
        self.typing = ""
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
        await self._stop_viewing()
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
        if (
            time.monotonic() - self.checked_at >= CHECK_PAUSE
            and not await self._check()
        ):
            return
        await in_thread(_alive)(
            self.agent,
            self.device,
            viewing=self.viewing,
            visitor_id=self.viewing_visitor,
        )
        if self.is_looking:
            # Whoever has silently gone is missed now.
            await self._look()
        await self.reply({"type": "pong"})

    async def page_view(self, content: dict[str, Any]) -> None:
        # Now: the rest may have to wait for its turn.
        since = time.time() - min(max(content.get("age", 0), 0), NEWS)
        wanted, is_hidden = content["conversation"], content.get("hidden", False)
        public_id = None if wanted is None else uuid.UUID(wanted)
        if not isinstance(is_hidden, bool):
            raise ValueError
        is_new = self.viewing != str(public_id)
        if is_new:
            await self._stop_viewing()
        if public_id is None:
            return
        visitor_id = await in_thread(_visitor_of)(self.agent, public_id)
        if visitor_id is None:
            await self._stop_viewing()
            raise ValueError
        self.viewing, self.viewing_visitor = str(public_id), visitor_id
        self.others = None
        # Before it is asked who is there: nobody comes unnoticed in between.
        await self.channel_layer.group_add(
            groups.onlookers(self.agent.account_id, self.viewing), self.channel_name
        )
        if is_hidden:
            await self._stop_looking()
        else:
            await self._look()
        if is_new and (sections := await in_thread(changed_since)(visitor_id, since)):
            # While the page was on its way; what changes from now on is heard.
            await self.reply({"type": "visitor", "sections": sections})

    async def page_typing(self, content: dict[str, Any]) -> None:
        is_active, now = content["active"], time.monotonic()
        if self.viewing_visitor is None:
            return
        if not is_active:
            kind = ""
        elif now - self.typing_at < TYPING_PAUSE:
            return
        else:
            kind = "note" if content.get("note", False) else "reply"
        if not kind and not self.typing:
            return
        told, self.typing, self.typing_at = self.typing, kind, now
        await self.channel_layer.group_send(
            groups.onlookers(self.agent.account_id, str(self.viewing)),
            {
                "type": "desk.writing",
                "id": self.viewing,
                "agent": self.agent.agent_id,
                "kind": kind,
            },
        )
        if "reply" in (told, kind):
            await self.channel_layer.group_send(
                groups.visitor(self.viewing_visitor),
                {
                    "type": "visitor.typing",
                    "conversation": self.viewing,
                    "active": kind == "reply",
                },
            )

    handlers = {"ping": page_ping, "view": page_view, "typing": page_typing}

    # From the layer

    async def desk_conversation(self, event: dict[str, Any]) -> None:
        language = self.agent.language
        content = {
            "type": "conversation",
            "id": event["id"],
            "status": event["status"],
            "snoozed": event["is_snoozed"],
            "unread": max(
                event["visitor_messages"]
                - event["reads"].get(str(self.agent.agent_id), 0),
                0,
            ),
            "visitor_seen": event["visitor_seen"],
        }
        if event["numbering"]:
            content["numbering"] = event["numbering"]
        if self.agent.agent_id in event["followers"]:
            content["following"] = True
        if "row" in event:
            # Null in a language nobody had when it was rendered: the page asks.
            content["row"] = event["row"].get(language)
        if "by" in event:
            content |= {"by": event["by"], "kind": event["kind"], "seq": event["seq"]}
            if event["event"]:
                content["event"] = event["event"]
            if self.agent.agent_id in event["to"]:
                content["for_me"] = True
        if self.viewing == event["id"]:
            # Profiles may have been merged since.
            self.viewing_visitor = event["visitor"]
            content["head"] = event.get("head", False)
            if "message" in event:
                content["message"] = event["message"].get(language)
        await self.reply(content)

    async def desk_gone(self, event: dict[str, Any]) -> None:
        content = {"type": "gone", "id": event["id"]}
        if self.viewing == event["id"]:
            # Moved away from one of this agent's groups, perhaps into another.
            if await self._sees(event["id"]):
                return
            await self._stop_viewing()
        # Merged into one that the page may show instead. Asked for whoever looks: a page
        # that has just opened it may not have said so yet.
        if "into" in event and await self._sees(event["into"]):
            content["into"] = event["into"]
        await self.reply(content)

    async def _sees(self, public_id: str) -> bool:
        found = await in_thread(_visitor_of)(self.agent, uuid.UUID(public_id))
        return found is not None

    async def desk_visitor(self, event: dict[str, Any]) -> None:
        if self.viewing_visitor == event["visitor"]:
            await self.reply({"type": "visitor", "sections": event["sections"]})

    async def desk_typing(self, event: dict[str, Any]) -> None:
        await self.reply(
            {"type": "typing", "id": event["id"], "active": event["active"]}
        )

    async def desk_together(self, event: dict[str, Any]) -> None:
        """Who else has the open conversation on the screen."""
        if self.viewing != event["id"] or event["at"] < self.looking_at:
            return
        self.looking_at = event["at"]
        others = [
            person for person in event["looking"] if person["id"] != self.agent.agent_id
        ]
        if others != self.others:
            self.others = others
            await self.reply({"type": "together", "id": event["id"], "looking": others})

    async def desk_writing(self, event: dict[str, Any]) -> None:
        if self.viewing == event["id"] and event["agent"] != self.agent.agent_id:
            await self.reply(
                {
                    "type": "writing",
                    "id": event["id"],
                    "agent": event["agent"],
                    "kind": event["kind"],
                }
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

    async def _check(self) -> bool:
        """The layer may lose a push: rights may have changed, or the session ended."""
        self.checked_at = time.monotonic()
        key = self.scope["session"].session_key
        scope = await in_thread(_load_scope)(self.agent.agent_id, key)
        if scope is None:
            await self.close(CLOSE_SIGNED_OUT)
        elif scope != self.agent:
            await self.desk_access({})
        return scope is not None

    async def desk_signed_out(self, event: dict[str, Any]) -> None:
        if not event["session"]:
            # Every device: those whose session still counts are back at once.
            await self.close(CLOSE_RENEW)
        elif self.scope["session"].session_key == event["session"]:
            await self.close(CLOSE_SIGNED_OUT)

    async def _look(self) -> None:
        self.is_looking = True
        event = await in_thread(_look)(self.agent, str(self.viewing), self.tab)
        # What was just read counts, also when Redis's clock was put back.
        self.looking_at = 0
        await self.desk_together(event)

    async def _stop_looking(self) -> None:
        if self.is_looking:
            self.is_looking = False
            await in_thread(_leave)(self.agent, str(self.viewing), self.tab)

    async def _stop_viewing(self) -> None:
        if self.viewing is None:
            return
        await self._stop_looking()
        await self.channel_layer.group_discard(
            groups.onlookers(self.agent.account_id, self.viewing), self.channel_name
        )
        self.viewing = self.viewing_visitor = None
        self.typing = ""

    async def _join(self) -> None:
        wanted = set(groups.desk_groups(self.agent))
        for name in self.joined - wanted:
            await self.channel_layer.group_discard(name, self.channel_name)
        for name in wanted - self.joined:
            await self.channel_layer.group_add(name, self.channel_name)
        self.joined = wanted


def _load_scope(
    agent_id: int | None, session_key: str | None = None
) -> groups.Scope | None:
    """What the agent may hear; None for who may not, or whose session has ended."""
    rows = User.objects.admitted().filter(pk=agent_id, account__isnull=False)
    agent = rows.filter(account__suspended_at__isnull=True).first()
    if agent is None or (session_key and not _is_signed_in(agent, session_key)):
        return None
    return groups.scope_of(agent)


def _is_signed_in(agent: User, session_key: str) -> bool:
    """Whether the session is still there, and of the password of today."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    hashes = agent.get_session_auth_hash(), *agent.get_session_auth_fallback_hash()
    return session.get(HASH_SESSION_KEY) in hashes


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


def _look(scope: groups.Scope, public_id: str, tab: str) -> dict[str, Any]:
    found = look(scope.account_id, public_id, scope.agent_id, tab)
    if found.is_new and len(found.agent_ids) > 1:
        publish_lookers(scope.account_id, public_id)
    return lookers_event(scope.account_id, public_id, found)


def _leave(scope: groups.Scope, public_id: str, tab: str) -> None:
    if leave(scope.account_id, public_id, scope.agent_id, tab).agent_ids:
        publish_lookers(scope.account_id, public_id)
