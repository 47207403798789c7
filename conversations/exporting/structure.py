"""A conversation as JSON: the same shape alone and in a visitor's whole record."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from conversations.models import Conversation, Message
from conversations.visitor_view import message_for_visitor
from supportdesk.accounts.models import User

FORMAT = 1
CHUNK = 500


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _local(value: Any) -> Any:
    """With the times of the reader's clock."""
    return _plain(timezone.localtime(value) if isinstance(value, datetime) else value)


def conversation_document(row: Conversation, *, for_visitor: bool) -> Iterator[str]:
    """One JSON document in pieces; for the visitor only what they saw.

    `row` comes with its list fields and its channel.
    """
    head: dict[str, Any] = {
        "format": FORMAT,
        "exported_at": timezone.now(),
        "account": row.account.name,
        "time_zone": row.account.time_zone,
    }
    if for_visitor:
        head |= _for_visitor(row)
        entries = map(_seen_fields, messages_of(row, public=True))
    else:
        head |= conversation_fields(row)
        head |= {"priority": _priority(row), "visitor": _visitor(row)}
        entries = map(message_fields, messages_of(row))
    yield as_json(head, _local)[:-1]
    yield from as_list("messages", entries, _local)
    yield "}\n"


def _priority(row: Conversation) -> str:
    return Conversation.Priority(row.priority).name.lower()


def _visitor(row: Conversation) -> dict[str, Any]:
    names = ("name", "email", "phone")
    visitor = {name: getattr(row.visitor, name) for name in names}
    return {"id": row.visitor.public_id} | visitor


def _for_visitor(row: Conversation) -> dict[str, Any]:
    """Nothing of how the desk sorted it, nor of what it noted about the person."""
    names = ("id", "channel", "status", "language", "created_at", "rating")
    fields = conversation_fields(row)
    fields["channel"] = {"kind": row.channel_kind}
    return {name: fields[name] for name in names}


def _seen_fields(message: Message) -> dict[str, Any]:
    fields = message_for_visitor(message)
    # The browser's own name for it says nothing to anybody else.
    fields.pop("client_id", None)
    return fields | {"at": message.created_at}


def as_list(
    name: str, rows: Iterator[dict[str, Any]], default: Callable[[Any], Any] = _plain
) -> Iterator[str]:
    yield f', "{name}": ['
    for index, row in enumerate(rows):
        yield ", " if index else ""
        yield as_json(row, default)
    yield "]"


def as_json(content: dict[str, Any], default: Callable[[Any], Any] = _plain) -> str:
    return json.dumps(content, ensure_ascii=False, default=default)


def agent_fields(agent: User | None) -> dict[str, Any] | None:
    return {"id": agent.public_id, "name": agent.name} if agent else None


def conversation_fields(row: Conversation) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "channel": {"kind": row.channel_kind, "name": row.channel.name},
        "status": row.status,
        "language": row.language,
        "group": row.group and row.group.name,
        "assignees": [person.name for person in row.people],
        "tags": [tag.name for tag in row.tags],
        "created_at": row.created_at,
        "last_activity_at": row.last_activity_at,
        "resolved_at": row.resolved_at,
        "rating": row.rating
        and {"value": row.rating, "comment": row.rating_comment, "at": row.rated_at},
    }


def messages_of(row: Conversation, *, public: bool = False) -> Iterator[Message]:
    messages = row.messages.order_by("seq").for_thread()
    return (messages.public() if public else messages).iterator(CHUNK)


def message_fields(message: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": message.public_id,
        "seq": message.seq,
        "at": message.created_at,
        "kind": message.kind,
        "by": _author(message),
        "agent": agent_fields(message.agent),
    }
    if message.is_event:
        return entry | {"event": message.event, "data": message.data}
    return entry | {
        "text": message.text,
        "files": [
            {
                "id": file.public_id,
                "name": file.name,
                "size": file.size,
                "type": file.content_type,
            }
            for file in message.attachments.all()
        ],
    }


def _author(message: Message) -> str:
    if message.by_visitor:
        return "visitor"
    return "agent" if message.agent_id or not message.is_event else "desk"
