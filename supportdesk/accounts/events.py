from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class PresenceChanged:
    """Who of an account is reachable is different now."""

    account_id: int


@dataclass(frozen=True)
class AccessChanged:
    """Role, groups or the active switch of an agent changed."""

    agent_id: int


@dataclass(frozen=True)
class AgentSignedOut:
    """A session of the agent ended; without a key all but the one that ended them."""

    agent_id: int
    session_key: str


presence_changed = Signal()
access_changed = Signal()
agent_signed_out = Signal()
