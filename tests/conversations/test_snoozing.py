"""Put off: out of sight until its time comes, somebody calls it, or the visitor writes."""

import re
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from conversations import services, tasks
from conversations.counts import breakdown, counts_for
from conversations.exceptions import ConversationError
from conversations.groups import scope_of
from conversations.models import Conversation, ConversationRead, Message
from conversations.sidebar import sidebar_of
from conversations.snoozing import choices
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


def snooze(conversation, agent, until=None):
    until = until or timezone.now() + timedelta(hours=1)
    services.snooze_conversation(
        conversation_id=conversation.pk, until=until, agent=agent
    )
    return until


def listed(agent, **query):
    html = signed_in(agent).get("/", query).text
    return re.findall(r'id="conv-([0-9a-f-]+)"', html)


def events(conversation):
    messages = conversation.messages.filter(kind=Message.Kind.EVENT).order_by("seq")
    return list(messages.values_list("event", "agent__name"))[1:]


def last_event(conversation):
    return conversation.messages.filter(kind=Message.Kind.EVENT).latest("seq")


# Out of sight


@pytest.mark.parametrize("show", ["mine", "others", "unassigned", "all"])
def test_snoozed_ones_are_in_no_part_of_open(account, anna, show):
    jonas = factories.make_agent(account, "Jonas Adler")
    for assignee in (anna, jonas, None):
        conversation = factories.make_conversation(account)
        if assignee:
            services.join_conversation(conversation_id=conversation.pk, agent=assignee)
        snooze(conversation, anna)

    rows = listed(anna, show=show)

    assert rows == []


def test_snoozed_ones_stand_under_their_filter(account, anna, conversation):
    factories.make_conversation(account)
    snooze(conversation, anna)

    rows = listed(anna, snoozed="1")

    assert rows == [str(conversation.public_id)]


def test_resolved_knows_no_snoozed_ones(account, anna, conversation):
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    rows = listed(anna, status="resolved", snoozed="1")

    assert rows == [str(conversation.public_id)]


def test_counts_hold_snoozed_ones_apart(account, anna, conversation):
    awake = factories.make_conversation(account)
    services.join_conversation(conversation_id=awake.pk, agent=anna)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.mark_missed(conversation_id=conversation.pk, left_at=timezone.now())
    snooze(conversation, anna)

    counts = counts_for(scope_of(anna), breakdown(account.pk))

    assert (counts.all, counts.mine, counts.unassigned, counts.others) == (1, 1, 0, 0)
    assert (counts.missed, counts.snoozed) == (0, 1)
    assert counts.agents == {anna.pk: 1}


def test_counts_of_others_groups_hold_only_own_snoozed_ones(account, anna):
    sales, repairs = (factories.make_group(account, name) for name in ("A", "B"))
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    mine, _foreign = (
        factories.make_conversation(account, group=repairs) for _ in range(2)
    )
    services.assign_conversation(conversation_id=mine.pk, agent=mira, by=anna)
    for conversation in (mine, _foreign):
        snooze(conversation, anna)

    counts = counts_for(scope_of(mira), breakdown(account.pk))

    assert (counts.all, counts.snoozed) == (0, 1)
    assert listed(mira, snoozed="1") == [str(mine.public_id)]


def test_unread_badge_leaves_snoozed_ones_out(anna, conversation):
    before = sidebar_of(anna).unread_ids
    snooze(conversation, anna)

    after = sidebar_of(anna).unread_ids

    assert (before, after) == ([str(conversation.public_id)], [])


def test_snoozed_list_asks_as_much_for_three_rows_as_for_one(
    account, anna, conversation, django_assert_num_queries
):
    client = signed_in(anna)
    snooze(conversation, anna)
    with connection.execute_wrapper(counter := Counter()):
        client.get("/", {"snoozed": "1"})
    for _ in range(2):
        snooze(factories.make_conversation(account), anna)

    with django_assert_num_queries(counter.number):
        client.get("/", {"snoozed": "1"})


class Counter:
    number = 0

    def __call__(self, execute, sql, params, many, context):
        self.number += 1
        return execute(sql, params, many, context)


# Until when


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # A Wednesday morning.
        (
            datetime(2026, 3, 4, 10, tzinfo=BERLIN),
            {"hour": (4, 11), "evening": (4, 18), "tomorrow": (5, 9), "monday": (9, 9)},
        ),
        # Late: the evening has begun.
        (
            datetime(2026, 3, 4, 21, tzinfo=BERLIN),
            {"hour": (4, 22), "tomorrow": (5, 9), "monday": (9, 9)},
        ),
        # A Sunday: tomorrow is the next Monday.
        (
            datetime(2026, 3, 8, 10, tzinfo=BERLIN),
            {"hour": (8, 11), "evening": (8, 18), "tomorrow": (9, 9)},
        ),
        # At five the evening is in an hour.
        (
            datetime(2026, 3, 9, 17, tzinfo=BERLIN),
            {"hour": (9, 18), "tomorrow": (10, 9), "monday": (16, 9)},
        ),
    ],
)
def test_choices_lie_ahead_and_differ(now, expected):
    found = {
        choice.key: (
            choice.until.astimezone(BERLIN).day,
            choice.until.astimezone(BERLIN).hour,
        )
        for choice in choices(now.astimezone(UTC), BERLIN)
    }

    assert found == expected


def test_choices_keep_their_hour_when_the_clock_changes():
    now = datetime(2026, 3, 28, 12, tzinfo=BERLIN)

    tomorrow = {choice.key: choice.until for choice in choices(now, BERLIN)}["tomorrow"]

    assert tomorrow.astimezone(UTC) == datetime(2026, 3, 29, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "away",
    [timedelta(0), timedelta(seconds=-1), timedelta(days=367), timedelta(days=-400)],
)
def test_a_moment_out_of_reach_is_refused(anna, conversation, away):
    now = timezone.now()

    with pytest.raises(ConversationError):
        services.snooze_conversation(
            conversation_id=conversation.pk, until=now + away, agent=anna, now=now
        )

    assert events(conversation) == []


def test_a_resolved_one_cannot_be_snoozed(anna, conversation):
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    with pytest.raises(ConversationError):
        snooze(conversation, anna)

    conversation.refresh_from_db()
    assert conversation.snoozed_until is None


def test_the_same_moment_again_writes_no_line(anna, conversation):
    until = snooze(conversation, anna)

    snooze(conversation, anna, until)

    assert events(conversation) == [("snoozed", "Anna Berger")]
    assert last_event(conversation).data == {"until": until.isoformat()}
    assert last_event(conversation).public_seq is None


# From the page


def test_page_snoozes_until_one_of_the_usual_times(anna, conversation):
    response = signed_in(anna).post(
        address("snooze", conversation),
        {"choice": "tomorrow"},
        headers=htmx("thread-head"),
    )

    conversation.refresh_from_db()
    local = conversation.snoozed_until.astimezone(conversation.account.tz)
    assert local.hour == 9
    assert "End the snooze" in response.text
    assert "Snoozed until" in response.text


def test_page_snoozes_until_a_moment_in_the_accounts_zone(anna, conversation):
    at = timezone.localtime(timezone.now() + timedelta(days=3), conversation.account.tz)

    signed_in(anna).post(
        address("snooze", conversation), {"at": at.strftime("%Y-%m-%dT%H:%M")}
    )

    conversation.refresh_from_db()
    assert conversation.snoozed_until == at.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choice": "never"},
        {"at": "tomorrow"},
        {"at": "9999-12-31T23:59"},
        {"at": "0001-01-01T00:00"},
        {"at": "2026-02-30T10:00"},
        {"at": "2020-01-01T10:00"},
        {"at": "x" * 10_000},
        {"choice": "hour\x00"},
    ],
)
def test_page_refuses_what_is_no_moment(anna, conversation, data):
    response = signed_in(anna).post(address("snooze", conversation), data, headers=HTMX)

    conversation.refresh_from_db()
    assert response.status_code == 409
    assert "toast--error" in response.text
    assert conversation.snoozed_until is None


@pytest.mark.parametrize("name", ["snooze", "wake", "priority"])
def test_others_conversations_are_not_found(account, anna, name):
    elsewhere = factories.make_conversation()
    repairs, sales = (factories.make_group(account, group) for group in ("A", "B"))
    hidden = factories.make_conversation(account, group=repairs)
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    data = {"choice": "hour", "priority": "2"}

    answers = [
        signed_in(anna).post(address(name, elsewhere), data).status_code,
        signed_in(mira).post(address(name, hidden), data).status_code,
    ]

    assert answers == [404, 404]
    assert events(elsewhere) == events(hidden) == []


# Back again


def test_its_time_brings_it_back_to_the_top_and_unread(account, anna, conversation):
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.mark_read(conversation=factories.fresh(conversation), agent=anna)
    until = snooze(conversation, anna)
    newer = factories.make_conversation(account)

    woken = services.wake_when_due(
        conversation_id=conversation.pk, now=until + timedelta(seconds=1)
    )

    read = ConversationRead.objects.get(conversation=conversation, agent=anna)
    assert woken
    assert listed(anna) == [str(conversation.public_id), str(newer.public_id)]
    assert read.visitor_messages == 0
    assert events(conversation)[-1] == ("woken", None)
    assert last_event(conversation).data == {"by": "time"}


def test_it_stays_read_to_colleagues_who_are_not_responsible(account, anna):
    conversation = factories.make_conversation(account)
    jonas = factories.make_agent(account, "Jonas Adler")
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.mark_read(conversation=factories.fresh(conversation), agent=jonas)
    until = snooze(conversation, anna)

    services.wake_when_due(conversation_id=conversation.pk, now=until)

    read = ConversationRead.objects.get(conversation=conversation, agent=jonas)
    assert read.visitor_messages == 1


def test_before_its_time_nothing_happens(anna, conversation):
    until = snooze(conversation, anna)

    woken = services.wake_when_due(
        conversation_id=conversation.pk, now=until - timedelta(seconds=1)
    )

    assert not woken
    assert services.due_ids(now=until - timedelta(seconds=1)) == []
    assert services.due_ids(now=until) == [conversation.pk]


def test_the_task_wakes_what_is_due_and_only_once(anna, conversation):
    snooze(conversation, anna)
    past = timezone.now() - timedelta(minutes=1)
    Conversation.objects.update(snoozed_until=past)

    tasks.wake_snoozed()
    tasks.wake_snoozed()

    assert events(conversation) == [("snoozed", "Anna Berger"), ("woken", None)]


def test_one_that_cannot_be_woken_holds_up_no_other(account, anna, monkeypatch):
    broken, other = (factories.make_conversation(account) for _ in range(2))
    for conversation in (broken, other):
        snooze(conversation, anna)
    past = timezone.now() - timedelta(minutes=1)
    Conversation.objects.update(snoozed_until=past)
    wake = services.wake_when_due

    def wake_unless_broken(*, conversation_id):
        if conversation_id == broken.pk:
            raise RuntimeError
        return wake(conversation_id=conversation_id)

    monkeypatch.setattr(services, "wake_when_due", wake_unless_broken)

    tasks.wake_snoozed()

    assert events(other)[-1] == ("woken", None)
    assert events(broken)[-1] == ("snoozed", "Anna Berger")


def test_a_message_of_the_visitor_brings_it_back_at_once(anna, conversation):
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    snooze(conversation, anna)

    message = factories.visitor_writes(conversation)

    conversation.refresh_from_db()
    assert conversation.snoozed_until is None
    assert last_event(conversation).event == Message.Event.WOKEN
    assert last_event(conversation).data == {"by": "message"}
    assert last_event(conversation).seq == message.seq - 1


def test_an_answer_or_a_note_leaves_it_snoozed(anna, conversation):
    until = snooze(conversation, anna)

    factories.agent_writes(conversation, anna)
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Call back")

    conversation.refresh_from_db()
    assert conversation.snoozed_until == until


def test_by_hand_it_returns_to_its_place(account, anna, conversation):
    newer = factories.make_conversation(account)
    snooze(conversation, anna)
    client = signed_in(anna)

    client.post(address("wake", conversation))
    client.post(address("wake", conversation))

    assert listed(anna) == [str(newer.public_id), str(conversation.public_id)]
    assert events(conversation)[1:] == [("woken", "Anna Berger")]


def test_resolving_ends_it_and_reopening_does_not_bring_it_back(anna, conversation):
    until = snooze(conversation, anna)
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    woken = services.wake_when_due(conversation_id=conversation.pk, now=until)
    services.reopen_conversation(conversation_id=conversation.pk, agent=anna)

    conversation.refresh_from_db()
    assert not woken
    assert conversation.snoozed_until is None
    assert listed(anna) == [str(conversation.public_id)]


def test_thread_says_until_when_and_why_it_came_back(anna, conversation):
    until = snooze(conversation, anna)
    services.wake_when_due(conversation_id=conversation.pk, now=until)

    html = signed_in(anna).get(address("conversation", conversation)).text

    assert "</b> snoozed the conversation until" in html
    assert "Back from snooze: its time has come" in html


@pytest.mark.django_db(transaction=True)
def test_woken_by_two_at_once_it_says_so_once():
    account = factories.make_account()
    conversation = factories.make_conversation(account)
    until = snooze(conversation, factories.owner_of(account))
    barrier = threading.Barrier(2)
    answers = []

    def wake():
        barrier.wait()
        answers.append(
            services.wake_when_due(conversation_id=conversation.pk, now=until)
        )
        connection.close()

    workers = [threading.Thread(target=wake) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(answers) == [False, True]
    assert [name for name, _agent in events(conversation)] == ["snoozed", "woken"]
