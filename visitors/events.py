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


visitor_updated = Signal()
visitors_blocked = Signal()
