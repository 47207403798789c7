"""The lookout: what is to be told is found in the database, whatever was lost.

Nothing that happens has to call it. It looks every few seconds, from a little before
where it has come to, so a pause of it makes things later and loses none; and since it
only adds what follows from the rows, several may look at once.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from notifications.models import Burst, Lookout
from notifications.services.bursts import AT_ONCE, find_bursts
from notifications.services.deciding import decide_bursts
from notifications.services.pushes import find_pushes
from notifications.services.telling import find_for_colleagues

# Rows carry the time at which their transaction began, by another machine's clock.
LOOK_BACK = timedelta(minutes=5)

HandOn = Callable[[list[int]], object]


def look_out(*, now: datetime | None = None, hand_on: HandOn | None = None) -> None:
    """Find who is to be told of what, and write it down as rows that are due.

    `hand_on` takes pages of bursts that somebody else may decide; without it all are
    decided here.

    Bursts are decided before news can join them: what was opened or answered ends with
    what had been written until then.
    """
    now = now or timezone.now()
    _decide(_pages_of_watched(), now, hand_on)
    begun = find_bursts(since=_since("bursts", now), now=now)
    if begun is not None:
        _advance("bursts", now)
        _decide(_pages_of_begun(begun), now, hand_on)
    find_for_colleagues(since=_since("colleagues", now), now=now)
    _advance("colleagues", now)
    find_pushes(since=_since("pushes", now), now=now)
    _advance("pushes", now)


def _decide(pages: Iterator[list[int]], now: datetime, hand_on: HandOn | None) -> None:
    for number, page in enumerate(pages):
        if number and hand_on is not None:
            hand_on(page)
        else:
            decide_bursts(burst_ids=page, now=now)


def _pages_of_watched() -> Iterator[list[int]]:
    last = 0
    while True:
        rows = Burst.objects.watched().filter(pk__gt=last).order_by("pk")
        page = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        if not page:
            return
        yield page
        last = page[-1]


def _pages_of_begun(conversation_ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(conversation_ids), AT_ONCE):
        part = conversation_ids[start : start + AT_ONCE]
        rows = Burst.objects.watched().filter(conversation__in=part)
        yield list(rows.values_list("pk", flat=True))


def _since(name: str, now: datetime) -> datetime:
    row, _created = Lookout.objects.get_or_create(
        name=name, defaults={"reached_at": now}
    )
    return min(row.reached_at, now) - LOOK_BACK


def _advance(name: str, now: datetime) -> None:
    """Forward; and back from where only a clock that was wrong can have been."""
    is_behind = Q(reached_at__lt=now) | Q(reached_at__gt=now + LOOK_BACK)
    Lookout.objects.filter(is_behind, name=name).update(reached_at=now)
