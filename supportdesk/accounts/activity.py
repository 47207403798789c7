"""Where agents are signed in and when they last did something there.

A request costs nothing for it: what this process has noted lately it remembers.
"""

import time

from django.http import HttpRequest

from supportdesk.accounts import services
from supportdesk.accounts.models import User
from supportdesk.core import client_ip
from supportdesk.core.text import clean_line

NOTED_EVERY = 300
"""Seconds for which an agent counts as active."""

MAX_USER_AGENT = 400
_REMEMBERED = 10_000
_noted: dict[str, float] = {}


def note(request: HttpRequest, agent: User) -> None:
    """A sign of life of the session that the request came with."""
    key = request.session.session_key
    now = time.monotonic()
    if not key or now - _noted.get(key, -NOTED_EVERY) < NOTED_EVERY:
        return
    if len(_noted) >= _REMEMBERED:
        _noted.clear()
    _noted[key] = now
    services.note_session(
        agent=agent,
        session_key=key,
        ip=client_ip.of_request(request),
        user_agent=clean_line(request.headers.get("User-Agent", ""), MAX_USER_AGENT),
    )
