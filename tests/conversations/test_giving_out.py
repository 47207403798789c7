"""Automatic assignment: who gets a conversation that nobody has, and when nobody."""

import threading
from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services, tasks
from conversations.models import Conversation, Message
from conversations.services import giving_out
from supportdesk.accounts import hours, presence
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Assigning, Presence
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def repairs(account):
    return ruled(factories.make_group(account))


def ruled(rule, assigning=Assigning.ROUND_ROBIN, limit=10):
    rule.assigning, rule.assigning_limit = assigning, limit
    rule.save()
    return rule


def online(account, name, *groups):
    agent = factories.make_agent(account, name, groups=groups)
    presence.touch(account.pk, agent.pk)
    return agent


def waiting(group, account=None):
    return factories.make_conversation(account or group.account, group=group)


def give(conversation, now=None):
    agent = services.assign_automatically(conversation_id=conversation.pk, now=now)
    return agent.name if agent else None


def assigned(conversation):
    return [person.name for person in factories.fresh(conversation).people]


def close_today(account, now):
    """The account answers on the day after tomorrow only."""
    week = [[] for _ in range(7)]
    week[(now + timedelta(days=2)).weekday()] = [(time(9), time(10))]
    accounts.set_business_hours(
        account=account, is_on=True, time_zone="UTC", week=week, holidays=[]
    )
    hours.forget()


# Whom


def test_in_turn_among_members_and_agents_of_no_group(account, repairs):
    for name, groups in (("Anna", (repairs,)), ("Ben", ()), ("Cleo", (repairs,))):
        online(account, name, *groups)
    online(account, "Sales only", factories.make_group(account, "Sales"))
    online(factories.make_account(), "Stranger")

    given = [give(waiting(repairs)) for _ in range(7)]

    assert given == ["Anna", "Ben", "Cleo", "Anna", "Ben", "Cleo", "Anna"]


def test_only_active_agents_who_are_there_and_say_so(account, repairs):
    away = online(account, "Away")
    accounts.set_presence(agent=away, presence=Presence.AWAY)
    inactive = online(account, "Inactive")
    inactive.is_active = False
    inactive.save()
    factories.make_agent(account, "Without a device")
    conversation = waiting(repairs)

    assert give(conversation) is None
    assert assigned(conversation) == []


def test_least_busy_gets_it_then_who_waited_longest(account, repairs):
    ruled(repairs, Assigning.LEAST_BUSY)
    anna, ben = online(account, "Anna"), online(account, "Ben")
    for agent in (anna, anna, ben):
        busy = waiting(None, account)
        services.join_conversation(conversation_id=busy.pk, agent=agent)
    done = waiting(None, account)
    services.join_conversation(conversation_id=done.pk, agent=ben)
    services.resolve_conversation(conversation_id=done.pk, agent=ben)

    given = [give(waiting(repairs)) for _ in range(4)]

    # Two to one, then two each: Anna's last one is the older.
    assert given == ["Ben", "Anna", "Ben", "Anna"]


def test_snoozed_conversations_are_no_load(account, repairs):
    ruled(repairs, limit=1)
    anna = online(account, "Anna")
    snoozed = waiting(repairs)
    services.join_conversation(conversation_id=snoozed.pk, agent=anna)
    assert give(waiting(repairs)) is None
    later = timezone.now() + timedelta(days=1)
    Conversation.objects.filter(pk=snoozed.pk).update(snoozed_until=later)

    assert give(waiting(repairs)) == "Anna"


def test_limit_is_kept_over_all_groups(account, repairs):
    ruled(repairs, limit=2)
    sales = ruled(factories.make_group(account, "Sales"), limit=2)
    online(account, "Anna", repairs, sales)

    given = [give(waiting(group)) for group in (repairs, sales, repairs, sales)]

    assert given == ["Anna", "Anna", None, None]


def test_conversations_of_no_group_go_by_the_accounts_rule(account, repairs):
    online(account, "Anna", repairs)
    assert give(waiting(None, account)) is None
    accounts.set_assigning(
        account=account, assigning=Assigning.LEAST_BUSY, assigning_limit=1
    )

    given = [give(waiting(None, account)) for _ in range(2)]

    assert given == ["Anna", None]


def test_nobody_where_it_is_switched_off(account, repairs):
    ruled(repairs, Assigning.OFF)
    accounts.set_assigning(
        account=account, assigning=Assigning.ROUND_ROBIN, assigning_limit=5
    )
    online(account, "Anna")

    assert give(waiting(repairs)) is None
    assert services.give_out_waiting() == 0


def test_nobody_outside_business_hours(account, repairs):
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    close_today(account, now)
    online(account, "Anna")
    conversation = waiting(repairs)

    assert give(conversation, now) is None
    assert services.give_out_waiting(now=now) == 0
    opened = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
    assert services.give_out_waiting(now=opened) == 1
    assert assigned(conversation) == ["Anna"]


# What needs somebody


def test_what_needs_nobody_is_left_alone(account, repairs):
    anna, ben = online(account, "Anna"), factories.make_agent(account, "Ben")
    has_ben, resolved, snoozed = (waiting(repairs) for _ in range(3))
    # Ben is not there; he knows the matter all the same.
    services.join_conversation(conversation_id=has_ben.pk, agent=ben)
    owner = factories.owner_of(account)
    services.resolve_conversation(conversation_id=resolved.pk, agent=owner)
    later = timezone.now() + timedelta(hours=1)
    Conversation.objects.filter(pk=snoozed.pk).update(snoozed_until=later)

    for conversation in (has_ben, resolved, snoozed):
        assert give(conversation) is None
    assert services.give_out_waiting() == 0
    assert services.assign_automatically(conversation_id=0) is None
    assert not anna.assigned_conversations.exists()


def test_what_an_agent_left_who_was_switched_off_is_given_out(account, repairs):
    online(account, "Anna")
    ben = factories.make_agent(account, "Ben")
    conversation = waiting(repairs)
    services.join_conversation(conversation_id=conversation.pk, agent=ben)
    accounts.change_access(agent=ben, by=factories.owner_of(account), is_active=False)

    assert services.give_out_waiting() == 1
    assert services.give_out_waiting() == 0
    assert assigned(conversation) == ["Ben", "Anna"]


def test_who_left_it_is_not_given_it_back_until_it_is_reopened(account, repairs):
    anna = online(account, "Anna")
    owner = factories.owner_of(account)
    conversation = waiting(repairs)
    give(conversation)
    services.unassign_conversation(
        conversation_id=conversation.pk, agent=anna, by=owner
    )

    assert give(conversation) is None
    services.resolve_conversation(conversation_id=conversation.pk, agent=owner)
    factories.visitor_writes(conversation, "One more thing")
    assert give(conversation) == "Anna"


def test_line_in_the_thread_says_that_the_desk_did_it(account, repairs):
    anna = online(account, "Anna")
    conversation = waiting(repairs)

    give(conversation)
    give(conversation)

    line = conversation.messages.get(event=Message.Event.ASSIGNED)
    assert (line.agent, line.public_seq) == (None, None)
    assert line.data == {"agent_id": anna.pk, "name": "Anna", "automatic": True}
    html = render_to_string(
        "conversations/_event.html", {"message": line, "conversation": conversation}
    )
    assert "Assigned automatically to <b>Anna</b>" in html
    assert factories.fresh(conversation).is_assigned


# When


def test_at_once_when_it_begins_comes_back_or_is_moved(
    account, repairs, django_capture_on_commit_callbacks
):
    anna = online(account, "Anna")
    owner = factories.owner_of(account)

    with django_capture_on_commit_callbacks(execute=True):
        begun = waiting(repairs)
    with django_capture_on_commit_callbacks(execute=True):
        moved = waiting(None, account)
        services.change_group(conversation_id=moved.pk, group=repairs, by=owner)
    back = waiting(None, account)
    services.resolve_conversation(conversation_id=back.pk, agent=owner)
    Conversation.objects.filter(pk=back.pk).update(group=repairs)
    with django_capture_on_commit_callbacks(execute=True):
        factories.visitor_writes(back)

    for conversation in (begun, moved, back):
        assert assigned(conversation) == [anna.name]


def test_message_to_an_open_conversation_asks_for_nobody(
    account, repairs, monkeypatch, django_capture_on_commit_callbacks
):
    conversation = waiting(repairs)
    asked = []
    monkeypatch.setattr(tasks.assign_automatically, "delay", asked.append)

    with django_capture_on_commit_callbacks(execute=True):
        factories.visitor_writes(conversation)

    assert asked == []


def test_given_out_when_somebody_comes_and_when_there_is_room_again(account, repairs):
    ruled(repairs, limit=2)
    conversations = [waiting(repairs) for _ in range(3)]
    assert services.give_out_waiting() == 0

    anna = online(account, "Anna")
    assert services.give_out_waiting() == 2
    services.resolve_conversation(conversation_id=conversations[0].pk, agent=anna)
    tasks.give_out_waiting()

    assert assigned(conversations[2]) == ["Anna"]


def test_longest_waiting_first_and_never_all_at_once(account, repairs, monkeypatch):
    monkeypatch.setattr(giving_out, "AT_ONCE", 2)
    newest, oldest, middle = (waiting(repairs) for _ in range(3))
    now = timezone.now()
    for conversation, minutes in ((newest, 1), (oldest, 30), (middle, 10)):
        Conversation.objects.filter(pk=conversation.pk).update(
            waiting_since=now - timedelta(minutes=minutes)
        )
    online(account, "Anna")

    assert services.give_out_waiting() == 2

    assert [assigned(each) for each in (oldest, middle, newest)] == [
        ["Anna"],
        ["Anna"],
        [],
    ]


def test_group_in_which_nobody_has_room_holds_up_no_other(
    account, repairs, monkeypatch
):
    monkeypatch.setattr(giving_out, "AT_ONCE", 2)
    for _ in range(3):
        waiting(repairs)
    sales = ruled(factories.make_group(account, "Sales"))
    last = waiting(sales)
    online(account, "Sam", sales)

    assert services.give_out_waiting() == 1
    assert assigned(last) == ["Sam"]


def test_agent_who_comes_and_goes_keeps_what_was_given(account, repairs):
    anna = online(account, "Anna")
    online(account, "Ben")
    conversation = waiting(repairs)
    give(conversation)

    for state in (Presence.AWAY, Presence.ONLINE) * 3:
        accounts.set_presence(agent=anna, presence=state)
        services.give_out_waiting()
    presence.forget(account.pk, anna.pk)
    services.give_out_waiting()

    assert assigned(conversation) == ["Anna"]
    events = conversation.messages.filter(event=Message.Event.ASSIGNED)
    assert events.count() == 1


def test_run_that_gives_nothing_costs_the_same_for_one_and_for_many(account, repairs):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert services.give_out_waiting() == 0
        return len(captured)

    ruled(repairs, limit=0)
    online(account, "Anna")
    waiting(repairs)
    services.give_out_waiting()
    one = queries()
    for _ in range(2):
        waiting(repairs)

    assert queries() == one


def test_beat_runs_the_task_under_its_name():
    entry = settings.CELERY_BEAT_SCHEDULE["give out waiting conversations"]

    assert entry["task"] == tasks.give_out_waiting.name


# All at the same time


def at_once(acts):
    errors = []
    begin = threading.Barrier(len(acts))

    def run(act):
        try:
            begin.wait(20)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("assigning", [Assigning.ROUND_ROBIN, Assigning.LEAST_BUSY])
def test_twenty_begin_at_once_and_nobody_gets_more_than_the_limit(assigning):
    account = factories.make_account()
    groups = [
        ruled(factories.make_group(account, name), assigning, limit=3)
        for name in ("Repairs", "Sales")
    ]
    factories.make_channel(account)
    for name in ("Anna", "Ben", "Cleo", "Dora"):
        online(account, name, *groups)

    # Each by itself, and the beat task in between.
    at_once(
        [lambda group=groups[n % 2]: waiting(group) for n in range(20)]
        + [services.give_out_waiting] * 2
    )
    services.give_out_waiting()

    names = Conversation.objects.filter(is_assigned=True).values_list(
        "assignees__name", flat=True
    )
    assert Counter(names) == {"Anna": 3, "Ben": 3, "Cleo": 3, "Dora": 3}
    lines = Message.objects.filter(event=Message.Event.ASSIGNED)
    assert lines.count() == 12


@pytest.mark.django_db(transaction=True)
def test_one_conversation_is_given_once_however_many_try():
    account = factories.make_account()
    group = ruled(factories.make_group(account))
    conversation = waiting(group)
    for name in ("Anna", "Ben", "Cleo"):
        online(account, name)

    at_once([lambda: give(conversation)] * 6)

    assert len(assigned(conversation)) == 1
    assert conversation.messages.filter(event=Message.Event.ASSIGNED).count() == 1
