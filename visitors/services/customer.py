"""What the shop tells of a visitor: each source writes a list of its own."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.core.events import emit_on_commit
from visitors.customer import MAX_BYTES, MAX_KEYS, CustomerItem, size_of
from visitors.events import VisitorUpdated, visitor_updated
from visitors.exceptions import VisitorError
from visitors.models import CustomerInformation, Source, Visitor
from visitors.services.locking import lock_profile


@transaction.atomic
def set_customer_information(
    *,
    visitor: Visitor,
    source: Source,
    items: Sequence[CustomerItem],
    replace: bool,
) -> CustomerInformation:
    """Store parsed entries: instead of what the source said before, or into it.

    Merging, an entry without value takes its key away. What the limits leave no room
    for is left out if a page sent it, and refused with VisitorError if a server did:
    see `not_taken`.
    """
    # The visitor's row, for there may be no list yet that could be locked.
    visitor = lock_profile(visitor.pk)
    row = CustomerInformation.objects.filter(visitor=visitor, source=source).first()
    row = row or CustomerInformation(visitor=visitor, source=source)
    stored, refused = _merged([] if replace else row.items, items)
    if refused and source != Source.PAGE:
        raise VisitorError(
            _("This is too much customer information: %(keys)s do not fit any more.")
            % {"keys": ", ".join(refused[:5])}
        )
    if _exact(stored) == _exact(row.items):
        return row
    row.items, row.changed_at = stored, timezone.now()
    row.save()
    emit_on_commit(
        visitor_updated, VisitorUpdated(visitor_id=visitor.pk, sections=("customer",))
    )
    return row


def not_taken(row: CustomerInformation, items: Sequence[CustomerItem]) -> list[str]:
    """The keys of those entries that found no room in what was stored."""
    stored = {item["key"]: item for item in row.items}
    return [
        item.key
        for item in items
        if item.value is not None and stored.get(item.key) != item.stored
    ]


def _merged(
    before: list[dict[str, Any]], items: Sequence[CustomerItem]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The new list, and the keys that there was no room for."""
    kept = {item["key"]: item for item in before}
    for item in items:
        if item.value is None:
            kept.pop(item.key, None)
    size = sum(map(size_of, kept.values()))
    refused = []
    for item in items:
        if item.value is None:
            continue
        former = kept.get(item.key)
        grown = size + size_of(item.stored) - (size_of(former) if former else 0)
        if grown > MAX_BYTES or (former is None and len(kept) >= MAX_KEYS):
            refused.append(item.key)
            continue
        kept[item.key], size = item.stored, grown
    return list(kept.values()), refused


def _exact(items: list[dict[str, Any]]) -> str:
    """For comparing: to Python `1` and `True` are equal."""
    return json.dumps(items)
