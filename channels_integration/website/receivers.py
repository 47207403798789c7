"""Because a token was revoked, its sockets end."""

from typing import Any

from django.dispatch import receiver

from channels_integration.website.events import SessionRevoked, session_revoked
from conversations import publisher


@receiver(session_revoked, dispatch_uid="website.close_visitor_sockets")
def close_visitor_sockets(event: SessionRevoked, **kwargs: Any) -> None:
    publisher.publish_session_revoked(event.visitor_id, event.session_id)
