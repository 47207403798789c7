"""An agent speaks first: from a visitor on the website to a message in their chat."""

import uuid
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_integration.website import browsers, thread_services
from channels_integration.website.models import VisitorSession
from channels_integration.website.services import group_for_new
from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.services.continuing import going_on
from conversations.services.posting import is_continued
from supportdesk.accounts.models import User
from visitors import live
from visitors import services as visitors
from visitors.live import LivePage
from visitors.models import Visit, Visitor


class AlreadyRunning(ConversationError):
    """The visitor is in a conversation; the agent may not see which."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__("a conversation is running")
        self.conversation = conversation


def start_with_visitor(
    *, visitor: Visitor, agent: User, text: str, client_id: uuid.UUID
) -> Conversation:
    """Write to a visitor who is on the website; the agent takes on the conversation.

    The browser's row, the conversation and the message are one transaction. So the
    browser that is told of it (by its socket at once, else with its next report) finds
    it, and nothing has to follow that could be lost with the process. The same
    `client_id` again changes nothing. Raises AlreadyRunning, or ConversationError for
    a visitor who is blocked or out of reach and a message that is none.
    """
    page = current_page(visitor)
    with transaction.atomic():
        session = _lock_browser(visitor, page)
        running = running_conversation(visitor)
        if running is not None:
            if running.messages.filter(agent=agent, client_id=client_id).exists():
                return running
            raise AlreadyRunning(running)
        if visitors.block_of(visitor) or visitors.network_block_of(visitor):
            raise ConversationError(_("This visitor is blocked."))
        conversation = _continued(session, visitor, agent)
        if conversation is None:
            conversation = conversations.start_conversation(
                # The browser's own, for a merge of profiles can be undone.
                visitor=session.visitor,
                channel=session.channel,
                group=group_for_new(session.channel),
                data={"url": page.url, "title": page.title} if page else {},
                agent=agent,
            )
            session.conversation = conversation
            session.save(update_fields=["conversation"])
            thread_services.share(session)
        conversations.post_agent_message(
            conversation_id=conversation.pk, agent=agent, text=text, client_id=client_id
        )
        # Also one that somebody else had resolved becomes this agent's.
        conversations.join_conversation(conversation_id=conversation.pk, agent=agent)
        transaction.on_commit(partial(browsers.forget, session.token_hash), robust=True)
    return conversation


def running_conversation(visitor: Visitor) -> Conversation | None:
    """The open conversation, with all that its row shows."""
    rows = Conversation.objects.open().filter(visitor=visitor).with_row()
    return rows.order_by("-last_activity_at").first()


def current_page(visitor: Visitor) -> LivePage | None:
    """Where the visitor is, as far as it is known."""
    recent = timezone.now() - visitors.VISIT_PAUSE
    visits = Visit.objects.filter(visitor=visitor, last_seen_at__gt=recent)
    visit_id = visits.order_by("-last_seen_at").values_list("pk", flat=True).first()
    if visit_id is None:
        return None
    return live.pages_of(visitor.account_id, [visit_id]).get(visit_id)


def _lock_browser(visitor: Visitor, page: LivePage | None) -> VisitorSession:
    """The browser the visitor is at, else the newest.

    All of them are locked, in order: two agents who begin at the same time do it one
    after the other, whichever browser each of them saw.
    """
    sessions = list(
        VisitorSession.objects.filter(
            visitor__in=visitors.parts_of(visitor),
            revoked_at__isnull=True,
            channel__is_active=True,
        )
        .select_related("channel__account", "visitor")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if not sessions:
        raise ConversationError(_("This visitor cannot be reached any more."))
    at = page.browser if page else None
    return next((session for session in sessions if session.pk == at), sessions[-1])


def _continued(
    session: VisitorSession, visitor: Visitor, agent: User
) -> Conversation | None:
    """The browser's last conversation if its visitor, too, would go on with it.

    Not if the agent does not see it: writing there would open its past to them.
    """
    if session.conversation_id is None:
        return None
    # Also not with what became another profile's, when a merge was undone.
    last = (
        Conversation.objects.holding(pk=session.conversation_id)
        .filter(visitor=visitor)
        .first()
    )
    if last is not None:
        visible = Conversation.objects.visible_to(agent)
        last = visible.filter(pk=going_on(last).pk).first()
    window = session.channel.account.reopen_window_days
    return last if last is not None and is_continued(last, window) else None
