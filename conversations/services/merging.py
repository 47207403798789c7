"""Two profiles that are one person, and the way back from a mistake."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.events import ProfileMoved, profile_moved
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services.thread import append_event
from supportdesk.accounts import audit
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from visitors import services as visitors
from visitors.events import VisitorUpdated, visitor_updated
from visitors.models import Visitor, VisitorMerge

SECTIONS = ("contact", "note", "customer", "history", "conversations", "state")


@transaction.atomic
def merge_visitors(
    *, kept: Visitor, merged: Visitor, agent: User | None
) -> VisitorMerge:
    """Make `merged` a part of `kept`, with its conversations and visits.

    Without agent a signed identity found out. Can be undone within 30 days. Raises
    ConversationError for profiles that are not two of one account, are part of
    another one already, or have different customer ids.
    """
    if kept.pk == merged.pk:
        raise ConversationError(_("This is the same profile."))
    moving = lambda: Conversation.objects.filter(visitor=merged.pk)  # noqa: E731
    keys, (kept, merged) = _lock(moving, kept.pk, merged.pk)
    _check(kept, merged)
    merge = visitors.join_profiles(kept=kept, merged=merged, agent=agent)
    merge.moved["conversations"] = keys
    merge.save(update_fields=["moved"])
    _move(keys, kept, Message.Event.MERGED, agent)
    # Its browsers listen as the visitor that they were.
    emit_on_commit(profile_moved, ProfileMoved(visitor_id=merged.pk))
    _tell(kept, merged)
    if agent is not None:
        # Customers who sign in on one more device merge by themselves, all day long.
        _record("visitor.merged", kept, merged, agent)
    return merge


@transaction.atomic
def undo_merge(*, merge: VisitorMerge, agent: User) -> VisitorMerge:
    """Take two profiles apart again; what changed or was written since stays.

    Conversations that browsers of the merged profile began since go with it. Raises
    ConversationError after 30 days, for a merge that is not the last, and while a
    conversation holds messages of both.
    """
    merge_id, pair = merge.pk, (merge.kept_id, merge.merged_id)

    def moving() -> QuerySet[Conversation]:
        moved = VisitorMerge.objects.filter(pk=merge_id).values_list("moved", flat=True)
        keys = (moved.first() or {}).get("conversations", ())
        return Conversation.objects.filter(pk__in=keys, visitor=pair[0])

    keys, (kept, merged) = _lock(moving, *pair)
    merge = _undoable(merge_id, kept)
    _check_unmixed(merge)
    visitors.part_profiles(merge=merge, kept=kept, merged=merged)
    _move(keys, merged, Message.Event.UNMERGED, agent)
    # They listen as the one, and are the other's.
    for pk in (kept.pk, merged.pk):
        emit_on_commit(profile_moved, ProfileMoved(visitor_id=pk))
    _tell(kept, merged)
    _record("visitor.unmerged", kept, merged, agent)
    return merge


def _lock(
    moving: Callable[[], QuerySet[Conversation]], kept_id: int, merged_id: int
) -> tuple[list[int], tuple[Visitor, Visitor]]:
    """Lock the conversations that move, then both visitors, each by key.

    A conversation that began while we waited for the visitors is none of those; its
    lock would come too late, so everything is given back and taken anew. Once both
    visitors are locked, none can begin.
    """
    while True:
        savepoint = transaction.savepoint()
        rows = moving().select_for_update().order_by("pk")
        keys = list(rows.values_list("pk", flat=True))
        pair = Visitor.objects.select_for_update().order_by("pk")
        found = {
            visitor.pk: visitor for visitor in pair.filter(pk__in=(kept_id, merged_id))
        }
        if len(found) < 2:
            raise ConversationError(_("This profile does not exist any more."))
        if set(moving().values_list("pk", flat=True)) <= set(keys):
            return keys, (found[kept_id], found[merged_id])
        transaction.savepoint_rollback(savepoint)


def _check(kept: Visitor, merged: Visitor) -> None:
    if kept.account_id != merged.account_id:
        raise ConversationError(_("This profile does not exist any more."))
    if kept.merged_into_id or merged.merged_into_id:
        raise ConversationError(_("One of them is part of another profile already."))
    if kept.user_id and merged.user_id and kept.user_id != merged.user_id:
        raise ConversationError(
            _("They have different customer ids, so they are different people.")
        )


def _undoable(merge_id: int, kept: Visitor) -> VisitorMerge:
    merge = VisitorMerge.objects.select_for_update().filter(pk=merge_id).first()
    if merge is None or merge.undone_at is not None:
        raise ConversationError(_("This merge was undone already."))
    if not merge.moved or timezone.now() - merge.created_at > visitors.UNDO_PERIOD:
        raise ConversationError(_("A merge can be undone only within 30 days."))
    if kept.merged_into_id:
        raise ConversationError(_("Please undo the later merge first."))
    return merge


def _check_unmixed(merge: VisitorMerge) -> None:
    """What one of them wrote must not become the other's to read."""
    theirs = merge.moved.get("conversations", ())
    is_there = Q(conversation__in=theirs)
    came_from_there = Q(written_in__in=theirs) | Q(is_there, written_in__isnull=True)
    talk = Message.objects.filter(
        conversation__visitor=merge.kept_id, kind=Message.Kind.MESSAGE
    )
    if talk.filter(is_there ^ came_from_there).exists():
        raise ConversationError(
            _("A conversation holds messages of both by now. Please split it first.")
        )


def _move(
    keys: list[int], visitor: Visitor, event: Message.Event, agent: User | None
) -> None:
    """The event line takes row and thread of each to the pages that show them."""
    Conversation.objects.filter(pk__in=keys).update(visitor=visitor)
    for conversation in Conversation.objects.filter(pk__in=keys).order_by("pk"):
        append_event(conversation, event, agent=agent)


def _record(action: str, kept: Visitor, merged: Visitor, agent: User) -> None:
    audit.record(
        action,
        account_id=kept.account_id,
        by=agent,
        target=visitors.audit_target(kept),
        changes={"merged": (None, f"#{merged.number}")},
    )


def _tell(*changed: Visitor) -> None:
    for visitor in changed:
        emit_on_commit(
            visitor_updated, VisitorUpdated(visitor_id=visitor.pk, sections=SECTIONS)
        )
