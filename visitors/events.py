from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class VisitorUpdated:
    """Something on a visitor's card changed.

    `sections` names the parts of the card: `contact`, `note`, `customer`, `history`,
    `conversations`.
    """

    visitor_id: int
    sections: tuple[str, ...] = ("contact",)


visitor_updated = Signal()
