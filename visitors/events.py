from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class VisitorUpdated:
    """Name, e-mail or phone of a visitor changed."""

    visitor_id: int


visitor_updated = Signal()
