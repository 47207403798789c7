"""What the widget is told: settings, the thread, who is there."""

from typing import Any

from django.templatetags.static import static

from channels_integration.website.availability import (
    Availability,
    availability_of,
    faces_of,
)
from channels_integration.website.config import WebsiteConfig
from channels_integration.website.models import VisitorSession
from conversations.models import Attachment, Channel, Conversation, Message
from conversations.visitor_view import (
    agent_for_visitor,
    conversation_for_visitor,
    is_running,
    message_for_visitor,
)
from supportdesk.accounts.models import AgentGroup, Language, User

NEWEST, PAGE = 50, 200
ASSETS = ("box.js", "box.css", "chat.js", "forms.js", "forms.css", "person.js")


def widget_config(channel: Channel, language: str, base: str) -> dict[str, Any]:
    """Everything the widget needs to draw itself; `base` is the desk's own address."""
    config = WebsiteConfig.parse(channel.config)
    language = config.language or (
        language if language in Language.values else channel.account.language
    )
    desk = availability_of(channel.account_id)
    groups = list(AgentGroup.objects.filter(account_id=channel.account_id))
    return {
        "name": config.texts_for(language).get("title") or channel.account.name,
        "language": language,
        "languages": Language.values,
        "color": config.color,
        "theme": config.theme,
        "side": config.side,
        "texts": {code: config.texts_for(code) for code in Language.values},
        "prechat": config.prechat,
        "ask": {
            "name": config.ask_name,
            "email": config.ask_email,
            "phone": config.ask_phone,
        },
        # Names for the form that asks; keys so that the page's code is told of a wrong one.
        "groups": [
            {"key": group.key, "name": group.name}
            for group in groups
            if config.ask_group
        ],
        "group_keys": [group.key.lower() for group in groups],
        "rating": config.rating,
        "track": config.track,
        "privacy_url": config.privacy_url,
        "socket": base.replace("http", "ws", 1) + "/ws/widget/",
        "assets": {name: base + static(f"widget/{name}") for name in ASSETS},
        **desk.told(is_running=False),
        "agents": faces_of(channel.account_id) if desk.is_open else [],
    }


def thread_for_visitor(
    session: VisitorSession,
    *,
    after: int | None = None,
    before: int | None = None,
    desk: Availability | None = None,
) -> dict[str, Any]:
    """The conversation's public part: what came after a seq, or the newest entries.

    `more` says that the page is not all: of what came after, or of what was before.
    """
    conversation = session.conversation
    desk = desk or availability_of(session.channel.account_id)
    answer: dict[str, Any] = {
        "conversation": None,
        "messages": [],
        "more": False,
        "agent": None,
        "has_email": bool(session.profile.email),
        **desk.told(is_running=is_running(conversation)),
    }
    if conversation is None:
        return answer
    public = Message.objects.filter(conversation=conversation).public()
    if after is not None:
        limit = PAGE
        rows = public.filter(public_seq__gt=after).order_by("public_seq")
    else:
        limit = NEWEST
        if before is not None:
            public = public.filter(public_seq__lt=before)
        rows = public.order_by("-public_seq")
    found = list(rows.for_thread()[: limit + 1])
    messages = sorted(found[:limit], key=lambda message: message.seq)
    return answer | {
        "conversation": conversation_for_visitor(conversation),
        "messages": [message_for_visitor(message) for message in messages],
        "more": len(found) > limit,
        "agent": agent_of(conversation),
    }


def agent_of(conversation: Conversation) -> dict[str, Any] | None:
    """The face of the conversation: the assignee who joined last."""
    agent = conversation.assignees.order_by("-assignment__pk").first()
    return agent_for_visitor(agent) if agent else None


def file_for(session: VisitorSession, public_id: Any) -> Attachment | None:
    """A file of the session's own conversation, never one of a note."""
    if session.conversation_id is None:
        return None
    return Attachment.objects.filter(
        public_id=public_id,
        message__conversation_id=session.conversation_id,
        message__public_seq__isnull=False,
    ).first()


def picture_of(session: VisitorSession, public_id: Any) -> User | None:
    agents = User.objects.filter(account_id=session.channel.account_id).active()
    return agents.filter(public_id=public_id).exclude(picture="").first()
