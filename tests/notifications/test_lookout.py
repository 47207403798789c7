"""Several lookouts at once, some that die, many bursts, and what they read."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Message
from notifications import services, tasks
from notifications.models import Burst, Lookout, Notification
from notifications.services import bursts as finding
from notifications.services import deciding, lookout, pushes, telling
from tests import factories
from tests.notifications.watching import (
    bursts,
    comes_online,
    events,
    later,
    look,
    settle,
    subscribe,
    told,
)
from visitors.models import Visitor


@pytest.fixture(autouse=True)
def settled():
    settle()


def crowd(account, number, *, ago=timedelta(minutes=1), **fields):
    """So many conversations that wait, made in a few statements."""
    channel = account.channels.first() or factories.make_channel(account)
    at = timezone.now() - ago
    visitors = Visitor.objects.bulk_create(
        Visitor(account=account) for _ in range(number)
    )
    waiting = {"status": "open", "waiting_since": at, "visitor_message_count": 1}
    rows = Conversation.objects.bulk_create(
        Conversation(
            account=account,
            visitor=visitor,
            channel=channel,
            channel_kind=channel.kind,
            last_activity_at=at,
            last_seq=1,
            last_public_seq=1,
            **waiting | fields,
        )
        for visitor in visitors
    )
    Message.objects.bulk_create(
        Message(
            conversation=row,
            seq=1,
            public_seq=1,
            kind="message",
            by_visitor=True,
            text="Hello",
            created_at=at,
        )
        for row in rows
    )
    return rows


def together(number, work):
    """Run it in so many threads that begin at once; returns what they raised."""
    barrier, raised = threading.Barrier(number), []

    def run():
        try:
            barrier.wait(timeout=10)
            work()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


# Several at once


@pytest.mark.django_db(transaction=True)
def test_four_at_once_find_and_tell_once():
    account = factories.make_account()
    owner = factories.owner_of(account)
    rows = crowd(account, 60)

    found = together(4, lambda: look())
    watched = Burst.objects.watched().count()
    decided = together(4, lambda: look(minutes=3))
    look(minutes=4)

    assert found == decided == []
    assert watched == 60
    assert Burst.objects.count() == Burst.objects.filter(state="told").count() == 60
    assert told() == [("offline", "mail", owner.email)] * 60
    assert Message.objects.filter(event="offline").count() == 60
    assert {row.visitor_messages for row in Burst.objects.all()} == {1}
    assert len(rows) == 60


@pytest.mark.django_db(transaction=True)
def test_answers_race_with_the_lookout():
    """Each conversation is either told of before its answer, or not at all."""
    account = factories.make_account()
    owner = factories.owner_of(account)
    rows = crowd(account, 40)
    look()
    queue = list(rows)

    def answer_or_look():
        if threading.current_thread().name.endswith("look"):
            look(minutes=3)
            return
        while queue:
            try:
                conversation = queue.pop()
            except IndexError:
                return
            conversations.post_agent_message(
                conversation_id=conversation.pk, agent=owner, text="Good morning"
            )

    names = iter(("answer", "look", "answer", "look"))
    lock = threading.Lock()

    def work():
        with lock:
            threading.current_thread().name = next(names)
        answer_or_look()

    raised = together(4, work)
    look(minutes=4)

    assert raised == []
    assert not Burst.objects.watched().exists()
    for row in rows:
        [burst] = Burst.objects.filter(conversation=row)
        answered = Message.objects.get(conversation=row, agent=owner, kind="message")
        lines = Message.objects.filter(conversation=row, event="offline")
        assert [line.seq < answered.seq for line in lines] == (
            [True] if burst.state == "told" else []
        )
        assert Notification.objects.filter(burst=burst).count() == len(lines)


@pytest.mark.django_db(transaction=True)
def test_erasing_races_with_the_lookout():
    account = factories.make_account()
    owner = factories.owner_of(account)
    rows = crowd(account, 30)
    queue = [row.visitor for row in rows]

    def work():
        if threading.current_thread() in lookers:
            look()
            look(minutes=3)
            return
        while queue:
            try:
                visitor = queue.pop()
            except IndexError:
                return
            conversations.erase_visitor(visitor=visitor, agent=owner)

    lookers = set()
    lock = threading.Lock()

    def begin():
        with lock:
            if len(lookers) < 2:
                lookers.add(threading.current_thread())
        work()

    raised = together(4, begin)
    look(minutes=4)

    assert raised == []
    assert not Conversation.objects.exists()
    assert not Burst.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_conversation_somebody_is_busy_with_is_left_for_the_next_look():
    account = factories.make_account()
    [busy, free] = crowd(account, 2)
    look()
    held, done = threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        try:
            with transaction.atomic():
                Conversation.objects.select_for_update().get(pk=busy.pk)
                held.set()
                done.wait(timeout=10)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(timeout=10)
    began = time.monotonic()
    look(minutes=3)
    waited = time.monotonic() - began
    done.set()
    holder.join(timeout=10)
    meanwhile = bursts(busy) + bursts(free)
    look(minutes=4)

    assert waited < 5
    assert meanwhile == ["offline watched", "offline told"]
    assert bursts(busy) == ["offline told"]


# Dying


DIES_AT = [
    (deciding, "_lock_waiting"),
    (deciding, "_lock_told"),
    (deciding, "_set_told"),
    (deciding.conversations, "note_offline"),
    (deciding, "rows_for_bursts"),
    (Notification.objects, "bulk_create"),
    (lookout, "find_bursts"),
    (lookout, "_advance"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("module", "name"), DIES_AT, ids=[name for _module, name in DIES_AT]
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_anywhere_neither_loses_nor_repeats(monkeypatch, module, name, after):
    account = factories.make_account()
    owner = factories.owner_of(account)
    old = crowd(account, 3)
    look()
    new = crowd(account, 2)
    step = getattr(module, name)

    def dies(*args, **kwargs):
        if after:
            step(*args, **kwargs)
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr(module, name, dies)
        with pytest.raises(OperationalError):
            look(minutes=3)
    for minutes in (3.1, 3.2, 6, 7):
        look(minutes=minutes)

    assert told() == [("offline", "mail", owner.email)] * 5
    for conversation in (*old, *new):
        assert bursts(conversation) == ["offline told"]
        assert events(conversation) == ["offline"]


@pytest.mark.django_db
def test_agent_deleted_meanwhile_is_no_obstacle(monkeypatch):
    from django.db import IntegrityError

    account = factories.make_account()
    [conversation] = crowd(account, 1)
    look()

    def gone(*args, **kwargs):
        raise IntegrityError("agent_id is not there")

    with monkeypatch.context() as patch:
        patch.setattr(Notification.objects, "bulk_create", gone)
        look(minutes=3)
        before = bursts(conversation)
    look(minutes=3)

    assert (before, bursts(conversation)) == (["offline watched"], ["offline told"])


# Tasks


@pytest.mark.django_db
def test_tasks_look_out_and_decide(monkeypatch):
    monkeypatch.setattr(lookout, "AT_ONCE", 1)
    account = factories.make_account()
    rows = crowd(account, 3, ago=timedelta(minutes=3))
    tasks.look_out()
    begun = {row.state for row in Burst.objects.all()}
    Burst.objects.update(state="watched", decided_at=None)
    Notification.objects.all().delete()

    tasks.look_out()

    assert begun == {row.state for row in Burst.objects.all()} == {"told"}
    assert Notification.objects.count() == len(rows)


def test_beat_looks_out_and_forgets(settings):
    beat = {
        entry["task"]: entry["options"]["expires"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }

    assert beat["notifications.look_out"] == 5
    assert "notifications.prune" in beat


# What it costs


def queries_of(work):
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"] for query in queries]


@pytest.mark.django_db
def test_looking_costs_the_same_for_one_and_for_many():
    account = factories.make_account()
    comes_online(factories.owner_of(account))
    crowd(account, 1)
    look()
    counts = []
    for number in (1, 20):
        crowd(account, number)
        found = len(queries_of(look))
        counts.append((found, len(queries_of(lambda: look(seconds=5)))))

    assert Burst.objects.watched().count() == 22
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_telling_costs_one_event_line_more_each():
    account = factories.make_account()
    counts = []
    for number in (1, 11):
        crowd(account, number)
        look()
        counts.append(len(queries_of(lambda: look(minutes=3))))

    per_line = (counts[1] - counts[0]) / 10
    # A savepoint around the line's lock and its one statement.
    assert per_line == 4


@pytest.mark.django_db
def test_many_bursts_at_once_go_through():
    account = factories.make_account()
    number = 1000
    crowd(account, number, ago=timedelta(minutes=3))
    began = time.monotonic()

    look()

    assert told(state="pending").count(told()[0]) == number
    assert Burst.objects.filter(state="told").count() == number
    # Far from what it takes, and far from a query plan gone wrong.
    assert time.monotonic() - began < 60


# What it reads


def plan_of(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row for (row,) in cursor.fetchall())


def selects(queries, table):
    return [
        sql for sql in queries if sql.startswith("SELECT") and f'FROM "{table}"' in sql
    ]


@pytest.mark.django_db
def test_lookout_reads_by_its_indexes():
    """Most conversations are answered, most bursts decided, most messages talk."""
    account = factories.make_account()
    owner = factories.owner_of(account)
    subscribe(owner)
    month = timedelta(days=30)
    crowd(account, 6000, ago=month, status="resolved", waiting_since=None)
    forgotten = crowd(account, 1500, ago=month)
    Burst.objects.bulk_create(
        Burst(
            conversation=row,
            kind="offline",
            state="told",
            first_seq=1,
            visitor_messages=1,
            began_at=timezone.now() - month,
            decided_at=timezone.now() - month,
        )
        for row in forgotten
    )
    Message.objects.bulk_create(
        Message(
            conversation=row,
            seq=2,
            kind="note",
            text="Done",
            created_at=timezone.now() - month,
        )
        for row in forgotten
    )
    crowd(account, 3)
    look()
    crowd(account, 3)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE conversations_conversation, conversations_message,"
            " notifications_burst, notifications_notification"
        )
    since, now = later(minutes=-5), later(seconds=5)

    watched = queries_of(lambda: list(lookout._pages_of_watched()))
    waiting = queries_of(lambda: list(finding._waiting_pages(since)))
    pushed = queries_of(lambda: pushes.find_pushes(since=since, now=now))
    colleagues = queries_of(lambda: telling.find_for_colleagues(since=since, now=now))
    messages = queries_of(lambda: finding.find_bursts(since=since, now=now))

    assert "burst_watched" in plan_of(watched[0])
    [sql, *_] = selects(waiting, "conversations_conversation")
    assert "conv_waiting_lately" in plan_of(sql)
    [sql, *_] = selects(pushed, "conversations_conversation")
    assert "Seq Scan on conversations_conversation" not in plan_of(sql)
    [sql] = selects(colleagues, "conversations_message")
    assert "message_for_colleagues" in plan_of(sql)
    [sql, *_] = selects(messages, "conversations_message")
    assert "Seq Scan on conversations_message" not in plan_of(sql)
    assert Lookout.objects.count() == 3
    assert services.look_out(now=now) is None
