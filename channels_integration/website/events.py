from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class SessionRevoked:
    """A browser's token is worth nothing any more."""

    visitor_id: int
    session_id: int


session_revoked = Signal()
