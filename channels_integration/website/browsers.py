"""Whose browser a token is, remembered for a minute.

A browser says every 45 seconds that its visitor is still there. Asking the database
each time would cost more than everything else about it, so what was looked up counts
for `REMEMBERED` seconds, in Redis and for all processes.
"""

import json
import logging
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import redis.exceptions
from django.db.models import Q

from channels_integration.website.config import WebsiteConfig
from channels_integration.website.models import VisitorSession, hash_token
from conversations.models import Channel, Conversation
from supportdesk.core import redis as desk_redis
from visitors.models import Visitor

logger = logging.getLogger(__name__)

REMEMBERED = 60
"""Seconds. `forget` makes a revoked token worthless at once; only if it was just being
looked up, or the process died before it came to that, can the token still say "I am
here" for so long. Whatever reads or writes more than that asks the database."""

FETCHED_FOR = 86_400


@dataclass(frozen=True)
class Browser:
    """What a sign of life needs to know; `session` if it was looked up just now."""

    session_id: int
    account_id: int
    profile_id: int
    website_id: int
    domains: tuple[str, ...]
    visit_id: int | None = None
    # What an agent wrote and the visitor has not seen: whether it was fetched at all.
    conversation_id: int | None = None
    unseen_seq: int = 0
    session: VisitorSession | None = field(default=None, compare=False)

    @property
    def visitor(self) -> Visitor:
        """Whose blocks count; what was remembered is not the stored row."""
        if self.session is not None:
            return self.session.visitor
        return Visitor(pk=self.profile_id, account_id=self.account_id)

    @property
    def channel(self) -> Channel:
        """As far as the check of the Origin looks at it; not the stored row."""
        return Channel(
            pk=self.website_id,
            account_id=self.account_id,
            config={"allowed_domains": list(self.domains)},
        )


def browser_of(session: VisitorSession) -> Browser:
    """What of a session that was just looked up is worth remembering."""
    conversation = session.conversation
    return Browser(
        session_id=session.pk,
        account_id=session.channel.account_id,
        profile_id=session.profile.pk,
        website_id=session.channel_id,
        domains=WebsiteConfig.parse(session.channel.config).allowed_domains,
        conversation_id=session.conversation_id,
        unseen_seq=_unseen(conversation) if conversation else 0,
        session=session,
    )


def recall(token: object) -> Browser | None:
    """The browser of a token if it was looked up within the last minute."""
    if not isinstance(token, str):
        return None
    try:
        kept: Any = desk_redis.client().get(_key(hash_token(token)))
    except (redis.exceptions.RedisError, UnicodeEncodeError):
        return None
    if kept is None:
        return None
    values = json.loads(kept)
    return Browser(**values | {"domains": tuple(values["domains"])})


def remember(browser: Browser, visit_id: int | None) -> Browser:
    """Keep what was looked up just now, with the visit that goes on."""
    if browser.session is None:
        return browser
    token_hash = browser.session.token_hash
    browser = replace(browser, visit_id=visit_id, session=None)
    try:
        desk_redis.client().set(
            _key(token_hash), json.dumps(asdict(browser)), ex=REMEMBERED
        )
    except redis.exceptions.RedisError:
        logger.warning("browser not remembered: Redis does not answer")
    return browser


def forget(*token_hashes: str) -> None:
    """The session changed: the next sign of life asks the database."""
    try:
        desk_redis.client().delete(*map(_key, token_hashes))
    except redis.exceptions.RedisError:
        logger.warning("browser not forgotten: Redis does not answer")


def forget_visitor(visitor_id: int) -> None:
    """The profile became part of another one, or a profile of its own again."""
    sessions = VisitorSession.objects.filter(visitor=visitor_id, revoked_at=None)
    hashes = list(sessions.values_list("token_hash", flat=True))
    if hashes:
        forget(*hashes)


def forget_conversations(*conversation_ids: int) -> None:
    """What was remembered of their entries is void."""
    rows = Conversation.with_merged.filter(
        Q(pk__in=conversation_ids) | Q(merged_into__in=conversation_ids)
    )
    sessions = VisitorSession.objects.filter(conversation__in=rows, revoked_at=None)
    hashes = list(sessions.values_list("token_hash", flat=True))
    if hashes:
        forget(*hashes)


def has_news(browser: Browser) -> bool:
    """Whether an agent wrote what this browser does not have yet."""
    if not browser.unseen_seq or browser.conversation_id is None:
        return False
    key = _fetched_key(browser.session_id, browser.conversation_id)
    try:
        fetched: Any = desk_redis.client().get(key)
    except redis.exceptions.RedisError:
        return False
    return int(fetched or 0) < browser.unseen_seq


def note_fetched(session: VisitorSession) -> None:
    """The browser has the thread up to here, whether the visitor looked or not.

    If this is lost the browser fetches it once more.
    """
    conversation = session.conversation
    if conversation is None or not _unseen(conversation):
        return
    key = _fetched_key(session.pk, conversation.pk)
    try:
        desk_redis.client().set(key, conversation.last_public_seq, ex=FETCHED_FOR)
    except redis.exceptions.RedisError:
        logger.warning("fetch not noted: Redis does not answer")


def _unseen(conversation: Conversation) -> int:
    """The last public entry, if it is an agent's turn that nobody has seen."""
    seq = conversation.last_public_seq
    news = conversation.is_open and conversation.preview_by_agent
    return seq if news and seq > conversation.visitor_seen_seq else 0


def _key(token_hash: str) -> str:
    return desk_redis.key("widget-browser", token_hash)


def _fetched_key(session_id: int, conversation_id: int) -> str:
    return desk_redis.key("widget-fetched", session_id, conversation_id)
