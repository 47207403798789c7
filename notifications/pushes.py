"""What a browser notification says."""

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from conversations.models import Conversation, Message
from notifications.mails.layout import person, with_words
from notifications.models import Notification
from notifications.transports.push import PushContent
from supportdesk.core.text import clean_line

# More is not shown, and a push holds less than 4 kB.
BODY_LENGTH = 160


def push_content(notification: Notification) -> PushContent:
    """Title, text and where a click leads, in the agent's language.

    `tag` makes a later one about the same conversation replace the earlier.
    """
    agent = notification.agent
    language = agent.language if agent else notification.account.language
    with translation.override(language):
        conversation = notification.conversation
        if conversation is None:
            title, body = _trial(notification)
            path, tag = reverse("notifications:preferences"), notification.kind
        else:
            title, body = _about(notification, conversation)
            path = reverse("conversations:conversation", args=[conversation.public_id])
            tag = f"conversation-{conversation.public_id}"
    return {
        "title": clean_line(title, 120),
        "body": body,
        "url": f"{settings.SITE_URL}{path}",
        "tag": tag,
        "kind": notification.kind,
        "lang": language,
    }


def _trial(notification: Notification) -> tuple[str, str]:
    return _("Test notification"), _("Notifications work in this browser.")


def _about(notification: Notification, conversation: Conversation) -> tuple[str, str]:
    name = person(conversation.visitor.display_name)
    message = notification.message
    author = person(str(message.agent)) if message and message.agent else ""
    kinds = Notification.Kind
    match notification.kind:
        case kinds.MESSAGE:
            return name, _latest(conversation)
        case kinds.OFFLINE:
            title = _("Offline message from %(name)s") % {"name": name}
            return title, _latest(conversation)
        case kinds.MISSED:
            title = _("Missed conversation: %(name)s") % {"name": name}
            return title, _("The visitor left before anybody replied.")
        case kinds.ASSIGNED:
            title = (
                _("%(agent)s assigned a conversation to you") % {"agent": author}
                if author
                else _("A conversation was assigned to you")
            )
            return title, name
        case kinds.MENTIONED:
            title = (
                _("%(agent)s mentioned you in a note") % {"agent": author}
                if author
                else _("You were mentioned in a note")
            )
            return title, _shortened(message.text if message else "")
    raise ValueError(f"no push about {notification.kind}")


def _latest(conversation: Conversation) -> str:
    """What the visitor wrote last."""
    message = (
        Message.objects.filter(
            conversation=conversation, kind=Message.Kind.MESSAGE, by_visitor=True
        )
        .order_by("-seq")
        .first()
    )
    if message is None:
        return ""
    return _shortened(message.text) or _("Sent a file.")


def _shortened(text: str) -> str:
    line = " ".join(with_words(text).split())
    return Truncator(line).chars(BODY_LENGTH, truncate="…")
