"""The only place that speaks to the layer: who is told what, once per audience."""

import logging
import time
from collections.abc import Collection, Iterable
from typing import Any

import redis.exceptions
from django.conf import settings
from django.utils import timezone

from conversations import groups
from conversations.counts import kept_breakdown, note_change
from conversations.models import Conversation, Message
from conversations.people import look_up, read_conversation
from conversations.rendering import render_message, render_row
from conversations.together import Lookers, lookers, people_of
from conversations.viewing import is_viewed, note_news, open_cards
from conversations.visitor_view import (
    conversation_for_visitor,
    is_running,
    message_for_visitor,
)
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import Presence
from supportdesk.core import later, layer
from visitors.events import VisitorErased

logger = logging.getLogger(__name__)

# What the card's list of conversations shows of each.
_ON_CARD = frozenset(
    {
        Message.Event.STARTED,
        Message.Event.RESOLVED,
        Message.Event.REOPENED,
        Message.Event.RATED,
        Message.Event.MISSED,
        Message.Event.JOINED_WITH,
        Message.Event.SPLIT_OFF,
    }
)
_rows_sent: dict[int, float] = {}
# Visitors who saw a page and whose cards are not told yet.
_moving: set[int] = set()


def publish_message(message: Message) -> None:
    """Send a new entry to the desk, and to the visitor if it is public.

    The list row goes with it unless it was sent a moment ago; then it follows
    once, with the last state, after `ROW_PAUSE`.
    """
    conversation = message.conversation
    if not look_up(conversation):
        return
    # What else of the row and the numbers moves with it.
    moves = message.is_event or message.ends_missed
    with_row = moves or _row_is_due(conversation.pk)
    event = _conversation_event(conversation, with_row=with_row)
    event |= {
        "seq": message.seq,
        "by": "visitor" if message.by_visitor else "desk",
        "kind": message.kind,
        "head": moves,
        "event": message.event,
        "to": _meant(message),
    }
    # Nobody looks at most threads while they are written in.
    if is_viewed(conversation.account_id, str(conversation.public_id)):
        event["message"] = render_message(message)
    sends = [(name, event) for name in groups.audience_of(conversation)]
    if message.public_seq is not None:
        sends.append(
            (
                groups.visitor(conversation.visitor_id),
                {
                    "type": "visitor.message",
                    "conversation": conversation_for_visitor(conversation),
                    "message": message_for_visitor(message),
                    "is_running": is_running(conversation),
                },
            )
        )
    elif message.is_event:
        # The status may have changed; the line itself stays inside.
        sends.append(_visitor_state(conversation))
    layer.send(sends)
    if not with_row:
        later.once(
            ("row", conversation.pk), settings.ROW_PAUSE, publish_state, conversation.pk
        )
    # Counts move with events (assigned, resolved, reopened, started, missed) and with
    # the answer to a missed conversation, not with every message.
    if moves:
        publish_counts(conversation.account_id)
    if message.event in _ON_CARD or message.ends_missed:
        publish_visitor(conversation.visitor_id, ["conversations"])


def publish_state(conversation_id: int, *, to_visitor: bool = False) -> None:
    """Send the row anew: read states, contact data, who has seen what."""
    conversation = read_conversation(conversation_id)
    if conversation is None:
        return
    _row_is_due(conversation_id)
    event = _conversation_event(conversation)
    sends = [(name, event) for name in groups.audience_of(conversation)]
    if to_visitor:
        sends.append(_visitor_state(conversation))
    layer.send(sends)


def publish_moved(
    conversation_id: int, group_id: int | None, agent_ids: Iterable[int]
) -> None:
    """Take the conversation from those who saw it before, then give it to those
    who see it now; who is in both keeps it."""
    conversation = read_conversation(conversation_id)
    if conversation is None:
        return
    before = groups.audience(conversation.account_id, group_id, agent_ids)
    now = groups.audience_of(conversation)
    gone = {"type": "desk.gone", "id": str(conversation.public_id)}
    event = _conversation_event(conversation) | {"head": True}
    layer.send(
        [(name, gone) for name in before if name not in now]
        + [(name, event) for name in now]
    )
    publish_counts(conversation.account_id)


def publish_joined(
    kept_id: int, merged_id: int, group_id: int | None, agent_ids: Iterable[int]
) -> None:
    """Take the merged conversation from those who saw it; its pages go to the other."""
    rows = Conversation.with_merged.in_bulk([kept_id, merged_id])
    if len(rows) < 2:
        return
    merged = rows[merged_id]
    gone = {
        "type": "desk.gone",
        "id": str(merged.public_id),
        "into": str(rows[kept_id].public_id),
    }
    audience = groups.audience(merged.account_id, group_id, agent_ids)
    layer.send([(name, gone) for name in audience])


def publish_visitor(visitor_id: int, sections: Iterable[str]) -> None:
    """Name the changed parts of a visitor's card to the pages that show it.

    Every agent's socket of the account compares one number; only a page with this card
    open hears it, and asks for what it may see. While nobody looks, nothing is sent;
    who opens it in this moment asks what is new (`viewing.changed_since`). Page views
    come all day long, mostly before nobody's eyes: who looks is asked for many of them
    at once.
    """
    sections = list(sections)
    if sections == ["history"] and settings.HISTORY_PAUSE:
        _moving.add(visitor_id)
        later.once("history", settings.HISTORY_PAUSE, _publish_moves)
        return
    _tell_cards([visitor_id], sections)


def publish_typing_visitor(conversation: Conversation, *, active: bool) -> None:
    """The visitor is writing; nothing is stored."""
    event = {
        "type": "desk.typing",
        "id": str(conversation.public_id),
        "group": conversation.group_id,
        "active": active,
    }
    layer.send([(name, event) for name in groups.audience_of(conversation)])


def publish_lookers(account_id: int, public_id: str) -> None:
    """Tell those who show the conversation who does; always the last state.

    Somebody who leafs through the list, or loads the page anew, is told of once.
    """
    if settings.LOOKERS_PAUSE:
        later.once(
            ("lookers", account_id, public_id),
            settings.LOOKERS_PAUSE,
            _publish_lookers_now,
            account_id,
            public_id,
        )
    else:
        _publish_lookers_now(account_id, public_id)


def lookers_event(account_id: int, public_id: str, found: Lookers) -> dict[str, Any]:
    """What onlookers hear: `id`, `at`, and `looking` with who is shown how."""
    # Mostly an agent looks alone, and is told of nobody else: no query for that.
    is_alone = len(found.agent_ids) < 2
    people = [] if is_alone else people_of(account_id, found)
    return {
        "type": "desk.together",
        "id": public_id,
        "at": found.at,
        "looking": [
            {
                "id": person.id,
                "name": str(person),
                "first_name": person.first_name,
                "initials": person.initials,
                "hue": person.hue,
            }
            for person in people
        ],
    }


def publish_counts(account_id: int) -> None:
    """Send the account's counts, at most twice a second, always the last state.

    The first to ask takes the turn and sends after the pause; the others' changes
    are in what it counts then.
    """
    if not settings.COUNTS_PAUSE:
        _publish_counts_now(account_id)
        return
    try:
        is_turn = note_change(account_id)
    except redis.exceptions.RedisError:
        logger.warning("counts not sent: Redis does not answer")
        return
    if is_turn:
        later.once(
            ("counts", account_id),
            settings.COUNTS_PAUSE,
            _publish_counts_now,
            account_id,
        )


def publish_presence(account_id: int) -> None:
    """Who of the team is there; to widgets only whether somebody is, and the hours.

    Each visitor's socket makes of it what counts for its conversation.
    """
    states = presence.states(account_id)
    now = timezone.now()
    back = hours.next_opening(account_id, now)
    layer.send(
        [
            (
                groups.desk(account_id),
                {
                    "type": "desk.presence",
                    "states": {str(pk): state for pk, state in states.items()},
                },
            ),
            (
                groups.website(account_id),
                {
                    "type": "visitor.online",
                    "is_staffed": Presence.ONLINE in states.values(),
                    "is_open": hours.is_open(account_id, now),
                    "back": back.isoformat() if back else None,
                },
            ),
        ]
    )


def publish_access_changed(agent_id: int) -> None:
    """The agent's sockets look up anew what they may hear."""
    layer.send([(groups.agent(agent_id), {"type": "desk.access"})])


def publish_signed_out(agent_id: int, session_key: str) -> None:
    """Close the sockets of a session that has ended."""
    event = {"type": "desk.signed_out", "session": session_key}
    layer.send([(groups.agent(agent_id), event)])


def publish_session_revoked(visitor_id: int, session_id: int) -> None:
    """Close the sockets of a visitor's browser whose token was revoked."""
    event = {"type": "visitor.revoked", "session": session_id}
    layer.send([(groups.visitor(visitor_id), event)])


def publish_profile_moved(visitor_id: int) -> None:
    """The visitor's sockets ask anew who they are."""
    layer.send([(groups.visitor(visitor_id), {"type": "visitor.renew"})])


def publish_erased(event: VisitorErased) -> None:
    """Take the visitor's conversations off every page, and end its sockets."""
    sends = [
        (name, {"type": "desk.gone", "id": gone.public_id})
        for gone in event.conversations
        for name in groups.audience(event.account_id, gone.group_id, gone.agent_ids)
    ]
    sends.append((groups.visitor(event.visitor_id), {"type": "visitor.erased"}))
    layer.send(sends)
    publish_counts(event.account_id)


def publish_blocked(account_id: int, visitor_id: int | None, network: str) -> None:
    """Close the sockets of a blocked visitor, or of everybody from a network."""
    name = groups.visitor(visitor_id) if visitor_id else groups.website(account_id)
    layer.send([(name, {"type": "visitor.blocked", "network": network})])


def _publish_moves() -> None:
    moved = []
    while _moving:
        moved.append(_moving.pop())
    _tell_cards(moved, ["history"])


def _tell_cards(visitor_ids: Collection[int], sections: list[str]) -> None:
    # First of all: whoever looks from now on finds it, or hears it.
    if not note_news(visitor_ids, sections):
        return
    accounts = open_cards()
    layer.send(
        [
            (
                groups.desk(accounts[visitor_id]),
                {"type": "desk.visitor", "visitor": visitor_id, "sections": sections},
            )
            for visitor_id in visitor_ids
            if visitor_id in accounts
        ]
    )


def _meant(message: Message) -> list[int]:
    """The agents it is for in particular: who was assigned by another, or mentioned."""
    agents: list[int] = []
    if message.event == Message.Event.ASSIGNED:
        agents = [message.data["agent_id"]]
    elif message.kind == Message.Kind.NOTE:
        agents = message.data.get("mentions", [])
    return [pk for pk in agents if pk != message.agent_id]


def _row_is_due(conversation_id: int) -> bool:
    """Whether this process has not just sent the row; says so once per pause."""
    now = time.monotonic()
    if now - _rows_sent.get(conversation_id, -1e9) < settings.ROW_PAUSE:
        return False
    if len(_rows_sent) > 10_000:
        _rows_sent.clear()
    _rows_sent[conversation_id] = now
    return True


def _conversation_event(
    conversation: Conversation, *, with_row: bool = True
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "type": "desk.conversation",
        "id": str(conversation.public_id),
        "group": conversation.group_id,
        "visitor": conversation.visitor_id,
        "numbering": conversation.numbering,
        "status": conversation.status,
        "is_snoozed": conversation.snoozed_until is not None,
        "followers": conversation.follower_ids,
        "visitor_messages": conversation.visitor_message_count,
        "visitor_seen": conversation.visitor_seen_seq,
        "reads": {
            str(agent_id): count for agent_id, count in conversation.reads_by_agent
        },
    }
    if with_row:
        event["row"] = render_row(conversation)
    return event


def _visitor_state(conversation: Conversation) -> tuple[str, dict[str, Any]]:
    return (
        groups.visitor(conversation.visitor_id),
        {
            "type": "visitor.state",
            "conversation": conversation_for_visitor(conversation),
            "is_running": is_running(conversation),
        },
    )


def _publish_lookers_now(account_id: int, public_id: str) -> None:
    found = lookers(account_id, public_id)
    event = lookers_event(account_id, public_id, found)
    layer.send([(groups.onlookers(account_id, public_id), event)])


def _publish_counts_now(account_id: int) -> None:
    event = {"type": "desk.counts", "parts": kept_breakdown(account_id)}
    layer.send([(groups.desk(account_id), event)])
