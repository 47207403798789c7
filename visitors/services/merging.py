"""Two profiles of one person: what one takes over from the other, and gives back.

Only visits move. Contact data, note and customer information are copied, so the
profile that becomes part of the other one stays what it was, and undoing is easy.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from supportdesk.accounts.models import User
from visitors.models import (
    Block,
    CustomerInformation,
    Source,
    Visit,
    Visitor,
    VisitorMerge,
    VisitorNote,
)
from visitors.services.note import read_note

UNDO_PERIOD = timedelta(days=30)
CONTACT = ("name", "email", "phone")


def parts_of(visitor: Visitor) -> list[int]:
    """Keys of the profile and of all that are part of it, whatever is between them."""
    found, newest = [visitor.pk], [visitor.pk]
    while newest:
        inner = Visitor.objects.filter(merged_into__in=newest)
        newest = list(inner.values_list("pk", flat=True))
        found += newest
    return found


def join_profiles(
    *, kept: Visitor, merged: Visitor, agent: User | None
) -> VisitorMerge:
    """Make `merged` a part of `kept`; both are locked by the caller.

    Returns the record, with what is needed to undo it. What a merge fills is what
    was empty: no value of the kept profile is lost.
    """
    moved: dict[str, Any] = {}
    merged.merged_into = kept
    merged.save(update_fields=["merged_into"])
    moved |= _fill(kept, merged)
    visits = Visit.objects.filter(visitor=merged)
    moved["visits"] = _move(visits, kept)
    moved["blocks"] = _move_block(kept, merged)
    moved["customer"] = _copy_customer(kept, merged)
    moved["note"] = _join_notes(kept, merged, agent)
    return VisitorMerge.objects.create(
        account_id=kept.account_id,
        kept=kept,
        merged=merged,
        agent=agent,
        moved=moved,
    )


def part_profiles(*, merge: VisitorMerge, kept: Visitor, merged: Visitor) -> None:
    """Take the two apart again; both are locked by the caller.

    Back goes what is still as the merge left it; what changed since stays.
    """
    moved = merge.moved
    _empty(kept, merged, moved)
    taken = Visitor.objects.filter(account_id=merged.account_id).profiles()
    if merged.user_id and taken.filter(user_id=merged.user_id).exists():
        # The shop has meanwhile named somebody else so.
        merged.user_id = ""
    merged.merged_into = None
    merged.save(update_fields=["merged_into", "user_id"])
    Visit.objects.filter(pk__in=moved.get("visits", ()), visitor=kept).update(
        visitor=merged
    )
    Block.objects.filter(pk__in=moved.get("blocks", ()), visitor=kept).update(
        visitor=merged
    )
    for pk, changed_at in moved.get("customer", ()):
        CustomerInformation.objects.filter(
            pk=pk, visitor=kept, changed_at=datetime.fromisoformat(changed_at)
        ).delete()
    _restore_note(kept, moved.get("note"))
    merge.undone_at = timezone.now()
    merge.moved = {}
    merge.save(update_fields=["undone_at", "moved"])


def note_conversation(*, visitor: Visitor, conversation_id: int) -> None:
    """A browser of a part began a conversation: undoing takes it along.

    The caller holds the lock of the profile.
    """
    part = Visitor.objects.get(pk=visitor.pk)
    while part.merged_into is not None:
        merges = VisitorMerge.objects.select_for_update().filter(
            merged=part, kept=part.merged_into, undone_at__isnull=True
        )
        for merge in merges.exclude(moved={}):
            merge.moved.setdefault("conversations", []).append(conversation_id)
            merge.save(update_fields=["moved"])
        part = part.merged_into


def note_split(*, visitor_id: int, part_of: int, conversation_id: int) -> None:
    """What began in this conversation goes on in another one: undoing the merge that
    brought the first takes that along, too."""
    merges = VisitorMerge.objects.select_for_update().filter(
        kept=visitor_id,
        undone_at__isnull=True,
        moved__conversations__contains=[part_of],
    )
    for merge in merges.order_by("pk"):
        merge.moved["conversations"].append(conversation_id)
        merge.save(update_fields=["moved"])


def undoable(merges: QuerySet[VisitorMerge]) -> QuerySet[VisitorMerge]:
    since = timezone.now() - UNDO_PERIOD
    return merges.filter(undone_at__isnull=True, created_at__gt=since).exclude(moved={})


def undoable_of(visitor: Visitor) -> QuerySet[VisitorMerge]:
    """Merges into this profile that can still be undone, newest first."""
    merges = worth_telling(undoable(VisitorMerge.objects.filter(kept=visitor)))
    return merges.select_related("merged", "agent").order_by("-created_at", "-pk")


def worth_telling(merges: QuerySet[VisitorMerge]) -> QuerySet[VisitorMerge]:
    """Without those where a customer signed in on one more device and had said nothing
    there: each new device makes one, and nobody would take it back."""
    return merges.exclude(agent__isnull=True, moved__conversations=[])


def overdue() -> list[int]:
    """Keys of the merges that have become final and still hold a way back."""
    before = timezone.now() - UNDO_PERIOD
    merges = VisitorMerge.objects.filter(undone_at__isnull=True, created_at__lte=before)
    return list(merges.exclude(moved={}).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def finish_merge(*, merge_id: int) -> None:
    """Forget the way back: what is left of the part is a name for the profile.

    The row itself stays, for browsers hold tokens that lead to it; it is a few
    bytes, and following it costs nothing. A second copy of somebody's data, which
    nobody sees any more, has no reason to stay.
    """
    pairs = VisitorMerge.objects.filter(pk=merge_id).values_list("kept", "merged")
    pair = Visitor.objects.select_for_update().filter(pk__in=pairs.first() or ())
    found = {visitor.pk: visitor for visitor in pair.order_by("pk")}
    merge = VisitorMerge.objects.select_for_update().filter(pk=merge_id).first()
    if merge is None or merge.undone_at is not None or not merge.moved:
        return
    merged = found[merge.merged_id]
    Visit.objects.filter(visitor=merged).update(visitor=merged.profile)
    VisitorNote.objects.filter(visitor=merged).delete()
    CustomerInformation.objects.filter(visitor=merged).delete()
    merged.user_id = ""
    for field in CONTACT:
        setattr(merged, field, "")
        setattr(merged, f"{field}_source", "")
    merged.save(update_fields=["user_id", *_contact_columns(CONTACT)])
    merge.moved = {}
    merge.save(update_fields=["moved"])


def _contact_columns(fields: Any) -> list[str]:
    return [column for field in fields for column in (field, f"{field}_source")]


def _fill(kept: Visitor, merged: Visitor) -> dict[str, Any]:
    filled = [
        field
        for field in CONTACT
        if getattr(merged, field) and not getattr(kept, field)
    ]
    for column in _contact_columns(filled):
        setattr(kept, column, getattr(merged, column))
    if merged.user_id and not kept.user_id:
        kept.user_id = merged.user_id
        filled.append("user_id")
    former = kept.created_at
    kept.created_at = min(kept.created_at, merged.created_at)
    seen = [at for at in (kept.last_seen_at, merged.last_seen_at) if at]
    kept.last_seen_at = max(seen, default=None)
    kept.save(
        update_fields=[
            *_contact_columns(CONTACT),
            *("user_id", "created_at", "last_seen_at"),
        ]
    )
    return {"filled": filled, "created_at": former.isoformat()}


def _empty(kept: Visitor, merged: Visitor, moved: dict[str, Any]) -> None:
    """Take from the kept profile what it still has from the other one only."""
    for field in moved.get("filled", ()):
        columns = ["user_id"] if field == "user_id" else _contact_columns([field])
        if all(getattr(kept, name) == getattr(merged, name) for name in columns):
            for name in columns:
                setattr(kept, name, "")
    if "created_at" in moved and kept.created_at == merged.created_at:
        kept.created_at = datetime.fromisoformat(moved["created_at"])
    kept.save(update_fields=["user_id", "created_at", *_contact_columns(CONTACT)])


def _move(rows: QuerySet[Any], kept: Visitor) -> list[int]:
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.filter(pk__in=keys).update(visitor=kept)
    return keys


def _move_block(kept: Visitor, merged: Visitor) -> list[int]:
    """Who was blocked stays so, as who they turned out to be."""
    blocks = Block.objects.filter(visitor=merged).in_force()
    if not blocks or Block.objects.filter(visitor=kept).in_force():
        return []
    # One that is over would be in the way.
    Block.objects.filter(visitor=kept).delete()
    return _move(Block.objects.filter(visitor=merged), kept)


def _copy_customer(kept: Visitor, merged: Visitor) -> list[tuple[int, str]]:
    of_kept = CustomerInformation.objects.filter(visitor=kept)
    # One that was emptied since says nothing that could be lost.
    of_kept.filter(items=[]).delete()
    had = of_kept.values("source")
    rows = CustomerInformation.objects.filter(visitor=merged).exclude(source__in=had)
    copies = [
        CustomerInformation.objects.create(
            visitor=kept,
            source=Source(row.source),
            items=row.items,
            changed_at=row.changed_at,
        )
        for row in rows.order_by("pk")
    ]
    return [(copy.pk, copy.changed_at.isoformat()) for copy in copies]


def _join_notes(
    kept: Visitor, merged: Visitor, agent: User | None
) -> dict[str, Any] | None:
    """Both texts, longer than a note may be if need be: none is lost.

    Under the next version, so whoever is writing in the note sees the conflict.
    """
    note, other = read_note(kept), read_note(merged)
    if not other.text:
        return None
    former = {"text": note.text, "agent_id": note.agent_id}
    if note.text:
        former["changed_at"] = note.changed_at.isoformat()
        note.text = f"{note.text}\n\n{other.text}"
        note.agent, note.changed_at = agent or note.agent, timezone.now()
    else:
        note.text, note.agent = other.text, other.agent
        note.changed_at = other.changed_at
    note.version += 1
    note.save()
    return {"version": note.version, **former}


def _restore_note(kept: Visitor, former: dict[str, Any] | None) -> None:
    if former is None:
        return
    note = read_note(kept)
    if note.version != former["version"]:
        return
    note.text, note.agent_id = former["text"], former["agent_id"]
    if not User.objects.filter(pk=note.agent_id).exists():
        note.agent_id = None
    if "changed_at" in former:
        note.changed_at = datetime.fromisoformat(former["changed_at"])
    note.version += 1
    note.save()
