"""What a visitor gets to see of a conversation, as JSON for the widget."""

from typing import Any

from conversations.models import Attachment, Conversation, Message
from supportdesk.accounts.models import User


def message_for_visitor(message: Message) -> dict[str, Any]:
    """One public entry; `seq` is the visitor's own gapless count.

    Raises ValueError for a note or internal event: those must never get here.
    """
    if message.public_seq is None or message.is_note:
        raise ValueError("not for visitors")
    entry: dict[str, Any] = {
        "id": str(message.public_id),
        "seq": message.public_seq,
        "kind": message.kind,
        "by": "visitor" if message.by_visitor else "agent",
        "at": message.created_at.isoformat(),
    }
    if message.agent is not None:
        entry["agent"] = agent_for_visitor(message.agent)
    if message.is_event:
        entry["event"] = message.event
        return entry
    entry["text"] = message.text
    if message.client_id is not None:
        entry["client_id"] = str(message.client_id)
    if message.attachment_count:
        entry["files"] = [file_for_visitor(file) for file in message.attachments.all()]
    return entry


def agent_for_visitor(agent: User) -> dict[str, Any]:
    """First name and picture, never the address."""
    return {
        "id": str(agent.public_id),
        "name": agent.first_name if agent.name else "",
        "initials": agent.initials if agent.name else "",
        "picture": bool(agent.picture),
    }


def file_for_visitor(file: Attachment) -> dict[str, Any]:
    return {
        "id": str(file.public_id),
        "name": file.name,
        "size": file.size,
        "type": file.content_type,
        "width": file.width,
        "height": file.height,
    }


def is_running(conversation: Conversation | None) -> bool:
    """Whether somebody has taken it on: such a one goes on after business hours."""
    return (
        conversation is not None and conversation.is_open and conversation.is_assigned
    )


def visitor_key(conversation: Conversation) -> str:
    """By what the widget knows a thread. Another one after its entries got other
    numbers: then the widget forgets what it has and asks for the thread anew."""
    key = str(conversation.public_id)
    return f"{key}.{conversation.numbering}" if conversation.numbering else key


def conversation_for_visitor(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": visitor_key(conversation),
        "status": conversation.status,
        "seq": conversation.last_public_seq,
        "seen": conversation.agent_seen_seq,
        "rating": conversation.rating,
    }
