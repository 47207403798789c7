"""Mails with invented contents, for the settings page to show."""

import uuid
from datetime import timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.mails.facts import Fact, Quote
from notifications.mails.layout import (
    Letter,
    frame,
    person,
    preferences_url,
    spoken,
)
from notifications.models import Event, NotificationSettings
from supportdesk.accounts.models import User


def preview(kind: str, agent: User) -> str:
    """The HTML that a mail about an event would have, in the viewer's language.

    With or without messages, as the account has chosen. Raises ValueError for events
    that there are no mails about.
    """
    account = agent.account
    if kind not in Event.values or kind == Event.MESSAGE or account is None:
        raise ValueError(f"no mail about {kind}")
    letter = Letter(
        account,
        agent.email,
        agent.language,
        uuid.uuid4(),
        by_agent=True,
        # The real one would unsubscribe; it is to be seen, not to work.
        unsubscribe=preferences_url(),
    )
    chosen = NotificationSettings.objects.filter(account=account).first()
    chosen = chosen or NotificationSettings(account=account)
    full = {
        Event.OFFLINE: chosen.offline_with_messages,
        Event.MISSED: chosen.missed_with_messages,
    }
    with spoken(letter):
        context = _sample(agent, kind) | frame(letter)
        context["is_full"] = full.get(Event(kind), True)
        if not context["is_full"]:
            context |= {"name": "", "quotes": [], "facts": []}
        return render_to_string(f"notifications/email/{kind}.html", context)


def _sample(agent: User, kind: str) -> dict[str, Any]:
    now = timezone.now()
    quotes = [
        Quote(
            now - timedelta(minutes=8),
            _("Does the oval proofing basket also take 1.2 kg of dough?"),
        ),
        Quote(now - timedelta(minutes=6), _("Hello? Is anybody there?")),
    ]
    began_at = quotes[0].at
    if kind == Event.ASSIGNED:
        quotes = quotes[:1]
    elif kind == Event.MENTIONED:
        note = _("@%(name)s Can you take this one?") % {"name": person(str(agent))}
        quotes = [Quote(now, note)]
    return {
        "name": "Sofia Lindqvist",
        "has_email": True,
        "author": "Jonas Adler",
        "began_at": began_at,
        "at": now,
        "left_at": now - timedelta(minutes=2),
        "waited": 6,
        # Who wrote while nobody was online has nobody to name.
        "online": [str(agent)] if kind == Event.MISSED else [],
        "channel": _("Website"),
        "url": preferences_url(),
        "quotes": quotes,
        "more": 0,
        "quoted_language": agent.language,
        "facts": [
            Fact(
                _("E-mail"),
                "sofia.lindqvist@example.net",
                "mailto:sofia.lindqvist@example.net",
            ),
            Fact(
                _("Page"),
                "shop.example.com/products/basket",
                "https://shop.example.com/products/basket",
            ),
        ],
    }
