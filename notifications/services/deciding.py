"""Bursts that are watched: nobody has to be told, not yet, or now."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Channel, Conversation
from notifications.models import Burst, Notification, NotificationSettings
from notifications.services.bursts import drop
from notifications.services.recipients import rows_for_bursts, settings_of
from notifications.services.standing import Standing
from supportdesk.accounts import presence

logger = logging.getLogger(__name__)

# Their conversations are locked together, so messages to them wait that long.
TOLD_AT_ONCE = 25

# Whoever crashed counts as online for a while. Who still does so long after a message
# has given a sign since it was written.
CERTAIN_AFTER = timedelta(seconds=presence.GRACE)

Kind: TypeAlias = Burst.Kind
Reason: TypeAlias = Burst.Reason


@dataclass(frozen=True)
class Verdict:
    """What is to become of a burst: dropped, told, or watched on with these times."""

    reason: Reason | None = None
    told_as: Kind | None = None
    nobody_since: datetime | None = None
    gone_since: datetime | None = None


def decide_bursts(*, burst_ids: Collection[int], now: datetime | None = None) -> int:
    """Look at these bursts once and decide those that can be; returns how many are told.

    Several may do it at once, and may die at any point: what is decided is decided
    by conditional update, together with all that follows from it.
    """
    now = now or timezone.now()
    bursts = list(
        Burst.objects.watched()
        .filter(pk__in=burst_ids)
        .with_outcome()
        .select_related("conversation__account")
        .order_by("pk")
    )
    if not bursts:
        return 0
    threads = [burst.conversation for burst in bursts]
    standing = Standing.around(
        threads,
        [burst.conversation for burst in bursts if burst.kind == Kind.MISSED],
    )
    settings = settings_of(thread.account_id for thread in threads)
    verdicts = {
        burst: _verdict(burst, standing, settings[burst.conversation.account_id], now)
        for burst in bursts
    }
    _drop(verdicts, now)
    _note(verdicts, now)
    told = [burst for burst, verdict in verdicts.items() if verdict.told_as]
    # Whoever locks conversations takes them by key.
    told.sort(key=lambda burst: burst.conversation_id)
    count = 0
    for start in range(0, len(told), TOLD_AT_ONCE):
        part = {burst: verdicts[burst] for burst in told[start : start + TOLD_AT_ONCE]}
        try:
            count += _tell(part, now)
        except IntegrityError:
            # An agent or address was deleted between; they are still watched.
            logger.warning("%s bursts are told at the next look", len(part))
    return count


def _verdict(
    burst: Burst,
    standing: Standing | None,
    settings: NotificationSettings,
    now: datetime,
) -> Verdict:
    conversation = burst.conversation
    if burst.answered:
        return Verdict(Reason.ANSWERED)
    if burst.settled or not conversation.is_open:
        return Verdict(Reason.RESOLVED)
    if burst.kind == Kind.OFFLINE:
        return _verdict_offline(burst, standing, settings, now)
    return _verdict_missed(burst, standing, settings, now)


def _verdict_offline(
    burst: Burst,
    standing: Standing | None,
    settings: NotificationSettings,
    now: datetime,
) -> Verdict:
    if burst.opened:
        return Verdict(Reason.OPENED)
    as_it_was = Verdict(nobody_since=burst.nobody_since, gone_since=burst.gone_since)
    if standing is None:
        return as_it_was
    if standing.is_joined(burst.conversation):
        return Verdict(Reason.JOINED)
    if not standing.is_offline(burst.conversation, now):
        return Verdict(Reason.ONLINE)
    if _has_lasted(burst.began_at, settings.offline_delay, now):
        return Verdict(told_as=Kind.OFFLINE)
    return as_it_was


def _verdict_missed(
    burst: Burst,
    standing: Standing | None,
    settings: NotificationSettings,
    now: datetime,
) -> Verdict:
    """Missed when the visitor leaves, offline when all agents leave before.

    Opening alone does not prevent it: a thread on a screen is no answer, and the
    visitor who left does not know that somebody looked. What an agent has seen is not
    told as offline though; it is missed once the visitor has gone.

    Somebody who is responsible and online prevents it, once it is certain that they
    are: until then it is watched on, or the message to an agent whose browser has just
    crashed would be lost.
    """
    conversation = burst.conversation
    if standing is None:
        return Verdict(nobody_since=burst.nobody_since, gone_since=burst.gone_since)
    # Nobody leaves a mailbox: such a message waits in the inbox of whoever is there.
    on_website = conversation.channel_kind == Channel.Kind.WEBSITE
    if burst.opened and not on_website:
        return Verdict(Reason.OPENED)
    is_joined = standing.is_joined(conversation)
    is_nobody = not standing.who_may_answer(conversation)
    is_cared_for = is_joined or not (on_website or is_nobody)
    is_certain = burst.joined or now - burst.began_at >= CERTAIN_AFTER
    if is_cared_for and is_certain:
        return Verdict(Reason.JOINED if is_joined else Reason.IN_INBOX)
    is_gone = on_website and conversation.visitor_id not in standing.here
    gone_since = (burst.gone_since or now) if is_gone else None
    nobody_since = (burst.nobody_since or now) if is_nobody else None
    told_as = None
    if not is_cared_for and _has_lasted(gone_since, settings.missed_delay, now):
        told_as = Kind.MISSED
    elif (
        not (is_cared_for or is_gone)
        and _has_lasted(nobody_since, settings.offline_delay, now)
        and not burst.opened
    ):
        told_as = Kind.OFFLINE
    return Verdict(None, told_as, nobody_since, gone_since)


def _has_lasted(since: datetime | None, minutes: int, now: datetime) -> bool:
    return since is not None and now - since >= timedelta(minutes=minutes)


def _drop(verdicts: dict[Burst, Verdict], now: datetime) -> None:
    """Drop them, if that is still right: a message may have joined one meanwhile."""
    by_reason: dict[Reason, list[int]] = defaultdict(list)
    for burst, verdict in verdicts.items():
        if verdict.reason:
            by_reason[verdict.reason].append(burst.pk)
    for reason, pks in by_reason.items():
        condition = Q(pk__in=pks)
        if reason == Reason.OPENED:
            condition &= Q(opened=True)
        drop(condition, reason, now)


def _note(verdicts: dict[Burst, Verdict], now: datetime) -> None:
    """Write down since when, where that has changed."""
    for field in ("nobody_since", "gone_since"):
        changed: dict[bool, list[int]] = {True: [], False: []}
        for burst, verdict in verdicts.items():
            before, after = getattr(burst, field), getattr(verdict, field)
            if verdict.reason is None and (before is None) != (after is None):
                changed[after is not None].append(burst.pk)
        for is_so, pks in changed.items():
            if pks:
                rows = Burst.objects.watched().filter(pk__in=pks)
                rows.update(**{field: now if is_so else None})


@transaction.atomic
def _tell(verdicts: dict[Burst, Verdict], now: datetime) -> int:
    """Tell of bursts: their state, the event lines and the rows of all recipients.

    Conversations are locked before bursts, as by whoever erases them, and those that
    somebody is busy with are left for the next look. Under the lock nobody can answer.
    """
    threads = _lock_waiting(burst.conversation_id for burst in verdicts)
    bursts = _lock_told(
        [burst.pk for burst in verdicts if burst.conversation_id in threads],
        as_missed=[
            burst.pk
            for burst, verdict in verdicts.items()
            if verdict.told_as == Kind.MISSED
        ],
    )
    _set_told(bursts, verdicts, now)
    for burst in bursts:
        if burst.kind == Kind.OFFLINE:
            conversations.note_offline(conversation_id=burst.conversation_id)
        else:
            conversations.mark_missed(
                conversation_id=burst.conversation_id, left_at=burst.gone_since or now
            )
    rows = rows_for_bursts(
        [(burst, threads[burst.conversation_id]) for burst in bursts], now=now
    )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return len(bursts)


def _lock_waiting(conversation_ids: Iterable[int]) -> dict[int, Conversation]:
    rows = (
        Conversation.objects.open()
        .filter(pk__in=list(conversation_ids), waiting_since__isnull=False)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("account")
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def _lock_told(burst_ids: Sequence[int], *, as_missed: Sequence[int]) -> list[Burst]:
    """Those that are still watched and wait: opened ones are told as missed only."""
    return list(
        Burst.objects.watched()
        .filter(pk__in=burst_ids)
        .still_waiting()
        .filter(Q(opened=False) | Q(pk__in=as_missed))
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("conversation_id")
    )


def _set_told(
    bursts: Sequence[Burst], verdicts: dict[Burst, Verdict], now: datetime
) -> None:
    """They are told with all that was written until now."""
    count = Conversation.objects.filter(pk=OuterRef("conversation"))
    by_kind: dict[Kind, list[int]] = defaultdict(list)
    for burst in bursts:
        # The same row as before the lock, so it has the same key.
        burst.kind = verdicts[burst].told_as or Kind(burst.kind)
        burst.gone_since = verdicts[burst].gone_since
        by_kind[Kind(burst.kind)].append(burst.pk)
    for kind, pks in by_kind.items():
        Burst.objects.watched().filter(pk__in=pks).update(
            state=Burst.State.TOLD,
            kind=kind,
            decided_at=now,
            visitor_messages=Greatest(
                F("visitor_messages"), Subquery(count.values("visitor_message_count"))
            ),
        )
