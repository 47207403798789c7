from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class VisitorUpdated:
    """Something on a visitor's card changed.

    `sections` names the parts of the card: `contact`, `note`, `customer`, `history`,
    `conversations`, and `state`: blocked, merged.
    """

    visitor_id: int
    sections: tuple[str, ...] = ("contact",)


@dataclass(frozen=True)
class VisitorsBlocked:
    """A visitor, or everybody of a network in CIDR notation, may not write any more."""

    account_id: int
    visitor_id: int | None = None
    network: str = ""


@dataclass(frozen=True)
class ErasedConversation:
    """What there is to tell of a conversation that is no more."""

    public_id: str
    group_id: int | None
    agent_ids: tuple[int, ...]


@dataclass(frozen=True)
class VisitorErased:
    """A visitor is gone with all that belonged to it.

    The conversations' audiences come along: nobody can be asked for them any more.
    """

    account_id: int
    visitor_id: int
    conversations: tuple[ErasedConversation, ...]


visitor_updated = Signal()
visitors_blocked = Signal()
visitor_erased = Signal()
