"""What the widget is told: settings, the thread, who is there."""

from typing import Any

from django.core.cache import cache
from django.templatetags.static import static

from channels_integration.website.config import WebsiteConfig
from channels_integration.website.models import VisitorSession
from conversations.models import Attachment, Channel, Conversation, Message
from conversations.visitor_view import (
    agent_for_visitor,
    conversation_for_visitor,
    message_for_visitor,
)
from supportdesk.accounts import presence
from supportdesk.accounts.models import AgentGroup, Language, Presence, User

NEWEST, PAGE = 50, 200
PRESENCE_AGE = 5
SHOWN_AGENTS = 3
ASSETS = ("box.js", "box.css", "chat.js", "forms.js", "forms.css", "person.js")


def is_online(account_id: int) -> bool:
    return bool(_team(account_id)["online"])


def _team(account_id: int) -> dict[str, Any]:
    """Whether somebody is there, and a few faces; asked anew every few seconds."""
    key = f"widget-team:{account_id}"
    team = cache.get(key)
    if team is None:
        agents = (
            User.objects.filter(
                account_id=account_id,
                presence=Presence.ONLINE,
                pk__in=presence.reachable_ids(account_id),
            )
            .active()
            .by_name()[:SHOWN_AGENTS]
        )
        faces = [agent_for_visitor(agent) for agent in agents]
        team = {"online": bool(faces), "agents": faces}
        cache.set(key, team, PRESENCE_AGE)
    return dict(team)


def widget_config(channel: Channel, language: str, base: str) -> dict[str, Any]:
    """Everything the widget needs to draw itself; `base` is the desk's own address."""
    config = WebsiteConfig.parse(channel.config)
    language = config.language or (
        language if language in Language.values else channel.account.language
    )
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
        **_team(channel.account_id),
    }


def thread_for_visitor(
    session: VisitorSession, *, after: int | None = None, before: int | None = None
) -> dict[str, Any]:
    """The conversation's public part: what came after a seq, or the newest entries.

    `more` says that the page is not all: of what came after, or of what was before.
    """
    conversation = session.conversation
    answer: dict[str, Any] = {
        "conversation": None,
        "messages": [],
        "more": False,
        "agent": None,
        "online": is_online(session.channel.account_id),
        "has_email": bool(session.profile.email),
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
