"""Two conversations became one, or one two: what names their entries by number goes
with them, so that nobody is told twice, and nobody not at all."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from conversations.events import EntriesMoved, Place
from conversations.models import Conversation, Message
from notifications.models import Burst, Event, Notification
from notifications.services.bursts import pass_over
from notifications.services.telling import PUSH_LASTS

# Above every number there is: no two may begin at the same entry for a moment.
_ASIDE = 1_000_000_000


@transaction.atomic
def follow_entries(*, moved: EntriesMoved, now: datetime | None = None) -> None:
    """Take bursts and notifications along; both conversations are locked.

    What was told counts as told, and what is watched is watched on. Of two watched
    bursts in one thread the earlier takes in the other; of one that stands in two
    threads now, what went is told no more: who parted it has read it.
    """
    now = now or timezone.now()
    bursts = Burst.objects.filter(conversation__in=moved.conversation_ids)
    rows = list(bursts.select_for_update().order_by("pk"))
    parted = [burst for burst in rows if _move(burst, moved)]
    rows = _one_watched(rows)
    bursts.update(first_seq=F("first_seq") + _ASIDE)
    Burst.objects.bulk_update(rows, ["conversation", "first_seq", "visitor_messages"])
    if parted:
        pass_over(conversation_ids=[moved.conversation_ids[1]], now=now)
    _rename_pushes(moved, now)
    _follow(moved)


def _move(burst: Burst, moved: EntriesMoved) -> bool:
    """Whether it stands in two threads now."""
    number = burst.visitor_messages
    first = moved.entry(Place(burst.conversation_id, burst.first_seq))
    last = moved.visitor_message(Place(burst.conversation_id, number))
    if first is None or last is None:
        return False
    is_parted = first.conversation_id != last.conversation_id
    burst.conversation_id, burst.first_seq = first
    burst.visitor_messages = number - last.number if is_parted else last.number
    return is_parted


def _one_watched(bursts: Sequence[Burst]) -> list[Burst]:
    """All but the later of two that are watched in one thread, which is deleted."""
    watched: dict[int, Burst] = {}
    absorbed: list[Burst] = []
    for burst in sorted(bursts, key=lambda burst: burst.first_seq):
        if burst.state != Burst.State.WATCHED:
            continue
        first = watched.setdefault(burst.conversation_id, burst)
        if first is not burst:
            first.visitor_messages = max(first.visitor_messages, burst.visitor_messages)
            absorbed.append(burst)
    Burst.objects.filter(pk__in=[burst.pk for burst in absorbed]).delete()
    return [burst for burst in bursts if burst not in absorbed]


def _follow(moved: EntriesMoved) -> None:
    """Each goes where its burst or its message is; the rest where messages are left."""
    rows = Notification.objects.filter(conversation__in=moved.conversation_ids)
    for name, model in (("burst", Burst), ("message", Message)):
        where = model._default_manager.filter(pk=OuterRef(name)).values("conversation")
        rows.filter(**{f"{name}__isnull": False}).update(conversation=Subquery(where))
    kept = Conversation.objects.filter(pk__in=moved.conversation_ids)
    keys = list(kept.values_list("pk", flat=True))
    if len(keys) == 1:
        rows.update(conversation=keys[0])


def _rename_pushes(moved: EntriesMoved, now: datetime) -> None:
    """A push is named after its conversation's last visitor message: that has another
    name now, under which it counts as pushed. Older ones are not asked for any more."""
    threads = Conversation.objects.filter(pk__in=moved.conversation_ids)
    last = set(threads.values_list("pk", "visitor_message_count"))
    pushes = Notification.objects.filter(kind=Event.MESSAGE)
    named = pushes.filter(
        conversation__in=moved.conversation_ids, created_at__gte=now - PUSH_LASTS
    )
    for former in set(named.values_list("conversation", "data__visitor_messages")):
        place = moved.visitor_message(Place(*former))
        if place is None or place not in last or place == former:
            continue
        name = _name(place)
        if pushes.filter(occasion=name).exists():
            continue
        named.filter(occasion=_name(Place(*former))).update(
            conversation=place.conversation_id,
            occasion=name,
            data={"visitor_messages": place.number},
        )


def _name(place: Place) -> str:
    return f"{place.conversation_id} message {place.number}"
