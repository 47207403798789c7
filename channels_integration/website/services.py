"""What a visitor's browser may do: every write behind the widget."""

import re
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_integration.website import availability, browsers, thread_services
from channels_integration.website.browsers import Browser
from channels_integration.website.config import Ask, WebsiteConfig
from channels_integration.website.events import SessionRevoked, session_revoked
from channels_integration.website.models import VisitorSession, hash_token, new_token
from channels_integration.website.pages import clean_page
from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Channel, Conversation, Message
from conversations.services.attachments import CheckedUpload
from conversations.services.posting import is_continued
from conversations.visitor_view import is_running
from supportdesk.accounts.models import AgentGroup
from supportdesk.core.events import emit_on_commit
from visitors import services as visitors
from visitors.blocks import is_blocked
from visitors.exceptions import VisitorError
from visitors.models import Source

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SessionGone(Exception):
    """The token is unknown, revoked, or of a website that was switched off."""


class Blocked(Exception):
    """The visitor or the address may not write here."""


class SwitchedOff(Blocked):
    """The account is suspended: nobody may write to it."""


class ContactError(Exception):
    """What is wrong with a contact form, by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("contact form")
        self.errors = errors


def find_channel(key: object) -> Channel | None:
    """The active website of a public key."""
    if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", key):
        return None
    websites = Channel.objects.active().filter(kind=Channel.Kind.WEBSITE)
    return websites.select_related("account").filter(public_key=key).first()


def find_session(token: object) -> VisitorSession:
    """The session of a token; raises SessionGone."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise SessionGone
    session = _first(_live_sessions().filter(token_hash=hash_token(token)))
    if session is None:
        raise SessionGone
    return session


def find_browser(token: object, *, fresh: bool) -> Browser:
    """The browser of a token; without `fresh` as it was up to a minute ago.

    Raises SessionGone.
    """
    if not fresh and (known := browsers.recall(token)) is not None:
        return known
    return browsers.browser_of(find_session(token))


def check_in_service(channel: Channel) -> None:
    """Raises SwitchedOff; for a website that was looked up with its account."""
    if channel.account.is_suspended:
        raise SwitchedOff


def check_not_blocked(
    account_id: int, session: VisitorSession | Browser | None, address: str
) -> None:
    """Raises Blocked; SwitchedOff if it is the account that may not."""
    # As it was looked up: a sign of life that costs no query learns of it a minute later.
    stored = session.session if isinstance(session, Browser) else session
    if stored is not None:
        check_in_service(stored.channel)
    visitor = session.visitor if session else None
    if is_blocked(account_id, visitor, address):
        raise Blocked


def reload_session(session: VisitorSession) -> VisitorSession | None:
    """The session as it is now; None if it does not count any more."""
    return _first(_live_sessions().filter(pk=session.pk))


def lock_session(session_id: int) -> VisitorSession:
    """The session, locked for this transaction; raises SessionGone.

    Locked alone and read after that: a row joined to one that had to be waited for
    is as it was before the wait.
    """
    VisitorSession.objects.select_for_update().filter(pk=session_id).first()
    session = _first(_live_sessions().filter(pk=session_id))
    if session is None:
        raise SessionGone
    return session


def _live_sessions() -> QuerySet[VisitorSession]:
    return VisitorSession.objects.filter(
        revoked_at__isnull=True, channel__is_active=True
    ).select_related(
        "channel__account", "visitor__merged_into", "conversation__merged_into"
    )


def _first(sessions: QuerySet[VisitorSession]) -> VisitorSession | None:
    session = sessions.first()
    if session is not None:
        session.conversation = thread_services.own_conversation(session)
    return session


@transaction.atomic
def open_session(*, channel: Channel, language: str) -> tuple[VisitorSession, str]:
    """A new visitor on a website; returns the session and the token, said only here."""
    visitor = visitors.create_visitor(account=channel.account, language=language)
    token = new_token()
    session = VisitorSession.objects.create(
        channel=channel, visitor=visitor, token_hash=hash_token(token)
    )
    return session, token


@transaction.atomic
def revoke_session(*, session: VisitorSession) -> None:
    """Make the token worthless and end the browser's sockets."""
    changed = VisitorSession.objects.filter(
        pk=session.pk, revoked_at__isnull=True
    ).update(revoked_at=timezone.now())
    if changed:
        emit_on_commit(
            session_revoked,
            SessionRevoked(visitor_id=session.profile.pk, session_id=session.pk),
        )
        transaction.on_commit(partial(browsers.forget, session.token_hash), robust=True)


@transaction.atomic
def receive_message(
    *,
    session_id: int,
    client_id: uuid.UUID,
    text: str,
    uploads: Sequence[CheckedUpload] = (),
    page: Any = None,
    group_key: str = "",
) -> Message:
    """Store what the visitor wrote, in the running conversation or a new one.

    Running may also be one that a customer began on another device. The lock on the
    session makes two first messages at once start one conversation. Raises
    SessionGone and ConversationError.
    """
    session = lock_session(session_id)
    conversation = session.conversation
    if conversation is not None:
        # A retry of what a previous conversation has: another tab began the next one.
        stored = Message.objects.filter(
            conversation__visitor=session.profile,
            by_visitor=True,
            client_id=client_id,
        ).first()
        if stored is not None:
            return stored
    window = session.channel.account.reopen_window_days
    if conversation is None or not is_continued(conversation, window):
        conversation = thread_services.take_up(session) or _start(
            session, page, group_key
        )
    return conversations.post_visitor_message(
        conversation_id=conversation.pk,
        channel=session.channel,
        text=text,
        client_id=client_id,
        uploads=uploads,
    )


def _start(session: VisitorSession, page: Any, group_key: str) -> Conversation:
    session.conversation = conversations.start_conversation(
        visitor=session.visitor,
        channel=session.channel,
        group=group_for_new(session.channel, group_key),
        data=clean_page(page),
    )
    session.save(update_fields=["conversation"])
    thread_services.share(session)
    return session.conversation


def group_for_new(channel: Channel, key: str = "") -> AgentGroup | None:
    """Where a new conversation goes: what the page or the visitor chose, else the
    website's own group. An unknown key is no choice, not a refusal."""
    groups = AgentGroup.objects.filter(account_id=channel.account_id)
    chosen = groups.filter(key__iexact=key).first() if key else None
    return chosen or channel.group


@transaction.atomic
def save_contact(
    *,
    session: VisitorSession,
    fields: dict[str, str],
    message: str | None,
    client_id: uuid.UUID | None,
    page: Any = None,
    group_key: str = "",
) -> Message | None:
    """The pre-chat or offline form: contact data, and the message if it has one.

    Offline the address is required, for there is no other way to answer. Raises
    ContactError with a sentence for each field; nothing is stored then.
    """
    errors = _missing(session, fields, group_key)
    stored = None
    if message is not None and client_id is not None:
        try:
            with transaction.atomic():
                stored = receive_message(
                    session_id=session.pk,
                    client_id=client_id,
                    text=message,
                    page=page,
                    group_key=group_key,
                )
        except ConversationError as error:
            errors["message"] = str(error)
    # After the message: everybody locks session, conversation, visitor, in this order.
    try:
        with transaction.atomic():
            visitors.update_contact(
                visitor=session.profile, source=Source.FORM, **fields
            )
    except VisitorError as error:
        errors.setdefault("email", str(error))
    if errors:
        raise ContactError(errors)
    return stored


def _missing(
    session: VisitorSession, fields: dict[str, str], group_key: str
) -> dict[str, str]:
    config = WebsiteConfig.parse(session.channel.config)
    required = {
        "name": config.ask_name is Ask.REQUIRED,
        "email": config.ask_email is Ask.REQUIRED
        or not is_somebody_there(session, group_key),
        "phone": config.ask_phone is Ask.REQUIRED,
    }
    sentences = {
        "name": _("Please enter your name."),
        "email": _("Please enter your e-mail address, so that we can answer."),
        "phone": _("Please enter your phone number."),
    }
    return {
        name: sentences[name]
        for name, is_required in required.items()
        if is_required and not fields.get(name, getattr(session.profile, name)).strip()
    }


def is_somebody_there(session: VisitorSession, group_key: str) -> bool:
    """Whether the visitor is answered here, and not by e-mail."""
    running = session.conversation if is_running(session.conversation) else None
    group = running.group if running else group_for_new(session.channel, group_key)
    return availability.is_group_online(
        session.channel.account_id,
        group.pk if group else None,
        is_running=running is not None,
        now=timezone.now(),
    )


def request_transcript(*, session: VisitorSession, email: str) -> None:
    """Send the running conversation to the visitor's address, or to a new one.

    Raises VisitorError and ConversationError.
    """
    if session.conversation is None:
        raise ConversationError(_("There is no conversation yet."))
    with transaction.atomic():
        if email.strip():
            visitors.update_contact(
                visitor=session.profile, source=Source.FORM, email=email
            )
        conversation = Conversation.objects.select_related("visitor").get(
            pk=session.conversation.pk
        )
        conversations.request_transcript(conversation=conversation)
