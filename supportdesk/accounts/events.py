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
class AgentDeactivated:
    """An agent was switched off, by `by_id`; the row names who takes over."""

    agent_id: int
    by_id: int


@dataclass(frozen=True)
class OwnershipTransferred:
    """`owner_id` is an owner now in place of `former_id`."""

    owner_id: int
    former_id: int


@dataclass(frozen=True)
class OwnerAdded:
    """`owner_id` is an owner now, besides those there were; `by_id` made them one.

    Nobody, where whoever invited them is gone.
    """

    owner_id: int
    by_id: int | None


@dataclass(frozen=True)
class OwnerInvited:
    """`by_id` keeps a place of an owner for whoever is invited."""

    invitation_id: int
    by_id: int


@dataclass(frozen=True)
class TwoFactorReset:
    """`by_id` took the agent's second factors away."""

    agent_id: int
    by_id: int


@dataclass(frozen=True)
class AccountSuspended:
    """Nobody of the account is let in, answered or told anything from now on."""

    account_id: int


@dataclass(frozen=True)
class AgentSignedOut:
    """A session of the agent ended; without a key all but the one that ended them."""

    agent_id: int
    session_key: str


presence_changed = Signal()
access_changed = Signal()
agent_deactivated = Signal()
ownership_transferred = Signal()
owner_added = Signal()
owner_invited = Signal()
two_factor_reset = Signal()
account_suspended = Signal()
agent_signed_out = Signal()
