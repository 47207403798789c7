"""Because a browser may not speak any more, its sockets end."""

from typing import Any

from django.dispatch import receiver

from channels_integration.website import browsers, thread_services
from channels_integration.website.events import SessionRevoked, session_revoked
from conversations import publisher
from conversations.events import (
    ConversationsJoined,
    ConversationSplit,
    ProfileMoved,
    conversation_split,
    conversations_joined,
    profile_moved,
)
from supportdesk.accounts.events import AccountSuspended, account_suspended
from visitors.events import VisitorsBlocked, visitors_blocked


@receiver(session_revoked, dispatch_uid="website.close_visitor_sockets")
def close_visitor_sockets(event: SessionRevoked, **kwargs: Any) -> None:
    publisher.publish_session_revoked(event.visitor_id, event.session_id)


@receiver(visitors_blocked, dispatch_uid="website.close_blocked_sockets")
def close_blocked_sockets(event: VisitorsBlocked, **kwargs: Any) -> None:
    publisher.publish_blocked(event.account_id, event.visitor_id, event.network)


@receiver(account_suspended, dispatch_uid="website.close_suspended_sockets")
def close_suspended_sockets(event: AccountSuspended, **kwargs: Any) -> None:
    publisher.publish_blocked(event.account_id, None, "")


@receiver(profile_moved, dispatch_uid="website.forget_browsers")
def forget_browsers(event: ProfileMoved, **kwargs: Any) -> None:
    browsers.forget_visitor(event.visitor_id)


@receiver(conversations_joined, dispatch_uid="website.forget_joined")
def forget_joined(event: ConversationsJoined, **kwargs: Any) -> None:
    browsers.forget_conversations(event.kept_id, event.merged_id)


@receiver(conversation_split, dispatch_uid="website.continue_split")
def continue_split(event: ConversationSplit, **kwargs: Any) -> None:
    hashes = thread_services.continue_split(conversation_id=event.conversation_id)
    if hashes:
        browsers.forget(*hashes)
