"""How far an account has come from its opening to its first conversation."""

from django.db.models import Exists, OuterRef
from django.urls import reverse

from channels_integration.website.models import VisitorSession
from conversations.models import Channel, Conversation
from supportdesk.accounts.models import User
from visitors.models import PageView


def first_website(agent: User) -> Channel | None:
    websites = Channel.objects.visible_to(agent).filter(kind=Channel.Kind.WEBSITE)
    return websites.order_by("pk").first()


def was_seen(website: Channel) -> bool:
    """Whether somebody opened a page with the website's line of code on it.

    The preview, which the desk itself shows, is none.
    """
    pages = PageView.objects.filter(visit__visitor=OuterRef("visitor"))
    shown = pages.exclude(url__contains=reverse("start:preview"))
    sessions = VisitorSession.objects.filter(channel=website)
    return sessions.filter(Exists(shown)).exists()


def first_conversation(agent: User) -> Conversation | None:
    return Conversation.objects.visible_to(agent).order_by("pk").first()
