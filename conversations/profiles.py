"""Profiles that may be one person: found, and laid side by side."""

import re
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from conversations.access import visible_visitors
from conversations.models import Conversation
from supportdesk.accounts.models import User
from supportdesk.core.text import clean_line
from visitors.models import Visit, Visitor, VisitorNote

MAX_FOUND = 20
# Shorter ends of numbers are shared by too many.
_MIN_DIGITS = 5


def likely_same(agent: User, visitor: Visitor) -> list[Visitor]:
    """Profiles with the same address, number or name."""
    same = Q(pk__in=())
    if visitor.email:
        same |= Q(email__iexact=visitor.email)
    if visitor.phone:
        same |= Q(phone=visitor.phone)
    if visitor.name:
        same |= Q(name__iexact=visitor.name)
    return _found(agent, visitor, same)


def search_profiles(agent: User, visitor: Visitor, text: str) -> list[Visitor]:
    """Others that the agent may see, by part of name, address, number or customer id."""
    text = clean_line(text, 100)
    if not text:
        return []
    fits = (
        Q(name__icontains=text)
        | Q(email__icontains=text)
        | Q(phone__icontains=text)
        | Q(user_id__iexact=text)
    )
    # However it was typed, there and here; a leading zero stands for the country.
    digits = re.sub(r"[^0-9]", "", text).lstrip("0")
    if len(digits) >= _MIN_DIGITS and re.fullmatch(r"[0-9+()/. -]+", text):
        fits |= Q(phone__regex="[^0-9]*".join(digits))
    return _found(agent, visitor, fits)


def _found(agent: User, visitor: Visitor, fits: Q) -> list[Visitor]:
    others = visible_visitors(agent).exclude(pk=visitor.pk).filter(fits)
    rows = _with_numbers(others).order_by("-last_seen_at", "-pk")
    return list(rows[:MAX_FOUND])


def _with_numbers(visitors: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """`conversation_number` and `visit_number`."""

    def number(rows: QuerySet) -> Coalesce:
        counted = rows.filter(visitor=OuterRef("pk")).order_by().values("visitor")
        return Coalesce(
            Subquery(counted.annotate(number=Count("pk")).values("number")), 0
        )

    return visitors.annotate(
        conversation_number=number(Conversation.objects.all()),
        visit_number=number(Visit.objects.all()),
    )


@dataclass(frozen=True)
class Side:
    """A profile as it is compared with another one."""

    visitor: Visitor
    note: str

    @property
    def conversation_number(self) -> int:
        return self.visitor.conversation_number  # type: ignore[attr-defined]

    @property
    def visit_number(self) -> int:
        return self.visitor.visit_number  # type: ignore[attr-defined]


def compare(*visitors: Visitor) -> list[Side]:
    """Both sides, the one that was known first before the other."""
    rows = _with_numbers(Visitor.objects.filter(pk__in=[each.pk for each in visitors]))
    notes = dict(
        VisitorNote.objects.filter(visitor__in=visitors).values_list("visitor", "text")
    )
    return [
        Side(visitor, notes.get(visitor.pk, ""))
        for visitor in rows.order_by("created_at", "pk")
    ]
