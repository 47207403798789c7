"""Profiles that may be one person: found, and laid side by side."""

import re
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from conversations.access import visible_visitors
from conversations.models import Conversation
from supportdesk.accounts.models import User
from supportdesk.core.text import clean_line
from visitors.models import Visit, Visitor, VisitorNote
from visitors.querysets import VisitorQuerySet

MAX_FOUND = 20
# What so many share is found with more letters: nobody reads that far.
LOOKED_AT = 200
# Shorter ends of numbers are shared by too many.
_MIN_DIGITS = 5


def likely_same(agent: User, visitor: Visitor) -> list[Visitor]:
    """Profiles with the same address, number or name."""
    others = visible_visitors(agent).exclude(pk=visitor.pk)
    same = []
    if visitor.email:
        same.append(others.with_email(visitor.email))
    if visitor.name:
        same.append(others.with_name(visitor.name))
    digits = _digits(visitor.phone)
    if len(digits) >= _MIN_DIGITS:
        same.append(others.with_digits(digits))
    return _found(agent, *same)


def search_profiles(agent: User, visitor: Visitor, text: str) -> list[Visitor]:
    """Others that the agent may see: by how their name, its last word or the address
    begins, by how the number ends, and by the customer id.

    Not by what is in the middle of them, which no index finds: this is asked at each
    pause in typing.
    """
    text = clean_line(text, 100)
    if not text:
        return []
    others = visible_visitors(agent).exclude(pk=visitor.pk)
    fits = [
        others.name_begins(text),
        others.last_word_begins(text),
        others.email_begins(text),
        others.filter(user_id=text),
    ]
    # However it was typed, there and here; a leading zero stands for the country.
    digits = _digits(text).lstrip("0")
    if len(digits) >= _MIN_DIGITS and re.fullmatch(r"[0-9+()/. -]+", text):
        fits.append(others.number_ends(digits))
    return _found(agent, *fits)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _found(agent: User, *fits: VisitorQuerySet) -> list[Visitor]:
    """One after the other: joined by "or" they would read every visitor."""
    keys = {pk for each in fits for pk in each.values_list("pk", flat=True)[:LOOKED_AT]}
    rows = _with_numbers(agent, Visitor.objects.filter(pk__in=keys))
    return list(rows.order_by("-last_seen_at", "-pk")[:MAX_FOUND])


def _with_numbers(agent: User, visitors: QuerySet[Visitor]) -> QuerySet[Visitor]:
    """`conversation_number`, of those that the agent sees, and `visit_number`."""

    def number(rows: QuerySet) -> Coalesce:
        counted = rows.filter(visitor=OuterRef("pk")).order_by().values("visitor")
        return Coalesce(
            Subquery(counted.annotate(number=Count("pk")).values("number")), 0
        )

    return visitors.annotate(
        conversation_number=number(Conversation.objects.visible_to(agent)),
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


def compare(agent: User, *visitors: Visitor) -> list[Side]:
    """Both sides, the one that was known first before the other."""
    both = Visitor.objects.filter(pk__in=[each.pk for each in visitors])
    notes = dict(
        VisitorNote.objects.filter(visitor__in=visitors).values_list("visitor", "text")
    )
    return [
        Side(visitor, notes.get(visitor.pk, ""))
        for visitor in _with_numbers(agent, both).order_by("created_at", "pk")
    ]
