"""What visitors wrote while nobody answered: found, joined, and still to be told."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby, takewhile
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from conversations.models import Conversation, Message
from conversations.querysets import ConversationQuerySet
from notifications.models import Burst
from notifications.services.standing import Standing

AT_ONCE = 200


def find_bursts(*, since: datetime, now: datetime) -> list[int] | None:
    """Let news join the burst that is watched, or begin one; returns the new ones.

    Looks at conversations with activity since then that wait for an answer. May be
    done by several at once, and again: what it finds follows from what is stored.
    Returns None when it is not known who is online; then it has to look again.
    """
    begun: list[int] = []
    for conversations in _waiting_pages(since):
        found = _take_in(conversations, since, now)
        if found is None:
            return None
        begun += found
    return begun


@transaction.atomic
def pass_over(*, conversation_ids: Collection[int], now: datetime) -> None:
    """Tell nobody of what visitors have written in these so far: history, not news."""
    entries = Message.objects.filter(
        conversation__in=conversation_ids, kind=Message.Kind.MESSAGE, by_visitor=True
    )
    newest = entries.order_by("conversation", "-seq").distinct("conversation")
    Burst.objects.bulk_create(
        [
            Burst(
                conversation=message.conversation,
                kind=Burst.Kind.OFFLINE,
                state=Burst.State.DROPPED,
                first_seq=message.seq,
                visitor_messages=message.conversation.visitor_message_count,
                began_at=message.created_at,
                decided_at=now,
            )
            for message in newest.select_related("conversation")
        ],
        ignore_conflicts=True,
    )


def drop(bursts: Q, reason: Burst.Reason, now: datetime) -> int:
    """Decide that nobody has to be told, of those that are (still) like that."""
    rows = Burst.objects.watched().with_outcome().filter(bursts)
    return rows.update(state=Burst.State.DROPPED, reason=reason, decided_at=now)


def _waiting_pages(since: datetime) -> Iterator[list[Conversation]]:
    """Conversations with messages that no burst has, by their last activity."""
    at, pk = since, 0
    while True:
        rows = waiting(at).exclude(last_activity_at=at, pk__lte=pk)
        page: list[Conversation] = list(
            rows.annotate(covered=_covered("visitor_messages"))
            .filter(visitor_message_count__gt=F("covered"))
            .order_by("last_activity_at", "pk")[:AT_ONCE]
        )
        if not page:
            return
        yield page
        at, pk = page[-1].last_activity_at, page[-1].pk


def waiting(since: datetime) -> ConversationQuerySet:
    """Those that wait for an answer and had activity since then."""
    return (
        Conversation.objects.open()
        .filter(waiting_since__isnull=False, last_activity_at__gte=since)
        .select_related("account")
    )


def _covered(field: str, conversation: str = "pk") -> Coalesce:
    latest = Burst.objects.filter(conversation=OuterRef(conversation))
    latest = latest.order_by("-visitor_messages")
    return Coalesce(Subquery(latest.values(field)[:1]), Value(0))


def _take_in(
    conversations: Sequence[Conversation], since: datetime, now: datetime
) -> list[int] | None:
    ids = [conversation.pk for conversation in conversations]
    mine = Q(conversation__in=ids)
    drop(mine & Q(answered=True), Burst.Reason.ANSWERED, now)
    drop(mine & Q(settled=True), Burst.Reason.RESOLVED, now)
    _extend(ids)
    standing = Standing.around(conversations)
    if standing is None:
        return None
    return _begin(conversations, standing, since, now)


@transaction.atomic
def _begin(
    conversations: Sequence[Conversation],
    standing: Standing,
    since: datetime,
    now: datetime,
) -> list[int]:
    _keep_from_erasing([conversation.pk for conversation in conversations])
    bursts = _new_bursts(conversations, standing, since, now)
    Burst.objects.bulk_create(bursts, ignore_conflicts=True)
    return [burst.conversation_id for burst in bursts]


def _keep_from_erasing(conversation_ids: Sequence[int]) -> None:
    """Until the commit. Messages are not kept waiting by such a lock, which the ORM
    cannot take; what has been erased by then has no messages to begin with."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM conversations_conversation WHERE id = ANY(%s)"
            " ORDER BY id FOR KEY SHARE",
            [list(conversation_ids)],
        )


def _extend(conversation_ids: Sequence[int]) -> None:
    """One statement, one snapshot: a message after an answer joins no burst before."""
    count = Conversation.objects.filter(pk=OuterRef("conversation"))
    bursts = Burst.objects.watched().filter(conversation__in=conversation_ids)
    bursts.still_waiting().update(
        visitor_messages=Greatest(
            F("visitor_messages"), Subquery(count.values("visitor_message_count"))
        )
    )


def _new_bursts(
    conversations: Sequence[Conversation],
    standing: Standing,
    since: datetime,
    now: datetime,
) -> list[Burst]:
    """A burst for each conversation that has messages of none and none that is watched.

    Only messages of this wait, and none from before `since`: those were looked at
    already, by bursts that may be forgotten by now. Times alone do not say which those
    are: clocks differ, and a message before the answer may bear a later one.
    """
    by_id = {conversation.pk: conversation for conversation in conversations}
    watched = Burst.objects.watched().filter(conversation=OuterRef("conversation"))
    messages = (
        Message.objects.filter(
            conversation__in=by_id,
            kind=Message.Kind.MESSAGE,
            created_at__gte=F("conversation__waiting_since"),
        )
        .filter(~Exists(watched), created_at__gte=since)
        .annotate(
            covered=_covered("visitor_messages", "conversation"),
            begun=_covered("first_seq", "conversation"),
            count=F("conversation__visitor_message_count"),
        )
        .filter(seq__gt=F("begun"))
        .order_by("conversation", "-seq")
    )
    # In the same snapshot: how many there are, and how many have a burst.
    rows = messages.values_list(
        *("conversation", "by_visitor", "seq", "created_at", "count", "covered"),
        named=True,
    )
    bursts = []
    for conversation_id, entries in groupby(rows, key=attrgetter("conversation")):
        newest = list(takewhile(attrgetter("by_visitor"), entries))
        news = newest[: newest[0].count - newest[0].covered] if newest else []
        if news:
            bursts.append(
                _burst(
                    by_id[conversation_id],
                    standing,
                    now,
                    first_seq=news[-1].seq,
                    visitor_messages=news[-1].count,
                    began_at=news[-1].created_at,
                )
            )
    return bursts


def _burst(
    conversation: Conversation,
    standing: Standing,
    now: datetime,
    *,
    first_seq: int,
    visitor_messages: int,
    began_at: datetime,
) -> Burst:
    online_ids = standing.who_may_answer(conversation)
    is_offline = standing.is_offline(conversation, began_at)
    return Burst(
        conversation=conversation,
        kind=Burst.Kind.OFFLINE if is_offline else Burst.Kind.MISSED,
        first_seq=first_seq,
        visitor_messages=visitor_messages,
        began_at=began_at,
        nobody_since=None if online_ids else now,
        online_ids=online_ids,
    )
