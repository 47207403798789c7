"""Because a browser may not speak any more, its sockets end."""

from typing import Any

from django.dispatch import receiver

from channels_integration.website import browsers
from channels_integration.website.events import SessionRevoked, session_revoked
from conversations import publisher
from conversations.events import ProfileMoved, profile_moved
from visitors.events import VisitorsBlocked, visitors_blocked


@receiver(session_revoked, dispatch_uid="website.close_visitor_sockets")
def close_visitor_sockets(event: SessionRevoked, **kwargs: Any) -> None:
    publisher.publish_session_revoked(event.visitor_id, event.session_id)


@receiver(visitors_blocked, dispatch_uid="website.close_blocked_sockets")
def close_blocked_sockets(event: VisitorsBlocked, **kwargs: Any) -> None:
    publisher.publish_blocked(event.account_id, event.visitor_id, event.network)


@receiver(profile_moved, dispatch_uid="website.forget_browsers")
def forget_browsers(event: ProfileMoved, **kwargs: Any) -> None:
    browsers.forget_visitor(event.visitor_id)
