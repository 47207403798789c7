"""When it counts: business hours, what is not known, what is switched off."""

from datetime import time as clock
from datetime import timedelta

import pytest
import redis.exceptions
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Message
from notifications import services
from notifications.models import Burst, Lookout, NotificationSettings
from notifications.services import deciding
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import BusinessHour
from tests import factories
from tests.notifications.watching import (
    answer,
    bursts,
    comes_online,
    events,
    goes_offline,
    join,
    later,
    look,
    open_it,
    settle,
    told,
    unsettle,
    visitor_is_here,
    visitor_leaves,
    write,
)
from visitors import here

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()
    hours.forget()


# Business hours


@pytest.fixture
def closed(account):
    """An account that is open at no time of the day on which it is asked."""
    account.has_business_hours = True
    account.save(update_fields=["has_business_hours"])


def open_all_week(account):
    for weekday in range(7):
        BusinessHour.objects.create(
            account=account, weekday=weekday, opens_at=clock(0), closes_at=clock(0)
        )
    hours.forget()


def test_outside_business_hours_the_switch_does_not_count(account, owner, closed):
    comes_online(owner)
    conversation = write(account)

    look(seconds=1)
    look(minutes=3)

    assert bursts(conversation) == ["offline told"]


def test_within_business_hours_it_does(account, owner, closed):
    open_all_week(account)
    comes_online(owner)
    conversation = write(account)

    look(minutes=3)

    assert bursts(conversation) == ["missed watched"]


def test_running_conversation_goes_on_outside_business_hours(account, owner, closed):
    conversation = factories.make_conversation(account, text="")
    conversations.join_conversation(conversation_id=conversation.pk, agent=owner)
    comes_online(owner)
    factories.visitor_writes(conversation)
    visitor_is_here(conversation)

    look(seconds=1)
    look(minutes=2.1)

    assert bursts(conversation) == ["missed dropped joined"]


@pytest.mark.parametrize("act", [answer, open_it, join])
def test_outside_business_hours_these_count(account, owner, closed, act):
    conversation = write(account)
    look(seconds=1)

    act(conversation, owner)
    look(minutes=3)

    assert told() == []


def test_opening_time_with_agents_there_ends_it(account, owner, closed):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    open_all_week(account)

    look(minutes=1)

    assert bursts(conversation) == ["offline dropped online"]


# What is not known


def test_redis_that_began_empty_decides_nothing(account, owner):
    conversation = write(account)
    unsettle()
    look(minutes=3)
    unknown = bursts(conversation)
    settle()

    look(minutes=9)

    assert unknown == []
    assert bursts(conversation) == ["offline told"]


def test_watched_bursts_wait_until_it_is_known(account, owner):
    comes_online(owner)
    missed = write(account)
    visitor_leaves(missed)
    look(seconds=1)
    goes_offline(owner)
    offline = write(account)
    look(seconds=2)
    unsettle()

    look(minutes=5)
    unknown = bursts(missed) + bursts(offline)
    open_it(offline, owner)
    answer(missed, owner)
    look(minutes=6)

    assert unknown == ["missed watched", "offline watched"]
    # What needs no presence is decided all the same.
    assert bursts(missed) == ["missed dropped answered"]
    assert bursts(offline) == ["offline dropped opened"]


def test_silent_redis_decides_nothing(account, owner, monkeypatch):
    conversation = write(account)
    look(seconds=1)

    def silent(*args, **kwargs):
        raise redis.exceptions.ConnectionError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(presence, "reachable_ids", silent)
        later_one = write(account)
        look(minutes=3)
        unknown = bursts(conversation) + bursts(later_one)
    with monkeypatch.context() as patch:
        patch.setattr(here, "among_accounts", silent)
        look(minutes=3)
        assert bursts(conversation) == ["offline watched"]
    look(minutes=3)

    assert unknown == ["offline watched"]
    assert bursts(conversation) + bursts(later_one) == ["offline told"] * 2


# Accounts that want no mail, and what is gone meanwhile


@pytest.mark.parametrize("kind", ["offline", "missed"])
def test_switched_off_tells_nobody_and_decides_all_the_same(account, owner, kind):
    NotificationSettings.objects.create(account=account, **{kind: False})
    if kind == "missed":
        comes_online(owner)
    conversation = write(account)
    visitor_leaves(conversation)

    look(seconds=1)
    look(minutes=3)

    assert told() == []
    assert bursts(conversation) == [f"{kind} told"]
    assert events(conversation) == [kind]
    conversation.refresh_from_db()
    assert (conversation.missed_at is not None) is (kind == "missed")


def test_erased_conversation_breaks_nothing(account, owner):
    gone, stays = write(account), write(account)
    look(seconds=1)
    conversations.erase_visitor(visitor=gone.visitor, agent=owner)

    look(minutes=3)

    assert bursts(stays) == ["offline told"]
    assert Burst.objects.count() == 1


def test_merged_profile_is_looked_for_under_its_new_name(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    kept = factories.make_visitor(account)
    conversations.merge_visitors(kept=kept, merged=conversation.visitor, agent=owner)
    visitor_leaves(conversation)
    conversation.refresh_from_db()
    visitor_is_here(conversation)

    look(minutes=2)
    look(minutes=4)
    still = bursts(conversation)
    visitor_leaves(conversation)
    look(minutes=5)
    look(minutes=7)

    assert (still, bursts(conversation)) == (["missed watched"], ["missed told"])


def test_answer_under_the_lock_is_not_told_over(account, owner, monkeypatch):
    """It comes after the verdict, before the row is locked."""
    conversation = write(account)
    look(seconds=1)
    lock = deciding._lock_waiting

    def answered_first(*args):
        factories.agent_writes(conversation, owner)
        factories.visitor_writes(conversation)
        return lock(*args)

    monkeypatch.setattr(deciding, "_lock_waiting", answered_first)
    look(minutes=3)

    assert told() == []
    assert events(conversation) == []


# How far it has come


def test_what_was_written_during_a_pause_is_told(account, owner):
    look()
    day_ago = timezone.now() - timedelta(days=1)
    Lookout.objects.update(reached_at=day_ago - timedelta(minutes=1))
    conversation = write(account)
    Message.objects.filter(conversation=conversation).update(created_at=day_ago)
    Conversation.objects.filter(pk=conversation.pk).update(
        waiting_since=day_ago, last_activity_at=day_ago
    )

    look()

    assert bursts(conversation) == ["offline told"]


def test_what_waited_before_the_first_look_is_no_news(account):
    conversation = write(account)
    long_ago = timezone.now() - timedelta(hours=1)
    Message.objects.filter(conversation=conversation).update(created_at=long_ago)
    Conversation.objects.filter(pk=conversation.pk).update(
        waiting_since=long_ago, last_activity_at=long_ago
    )
    look()
    before = bursts(conversation)
    message = factories.visitor_writes(conversation)

    look(seconds=5)

    assert before == []
    assert bursts(conversation) == ["offline watched"]
    assert Burst.objects.get().first_seq == message.seq


def test_it_never_runs_back():
    look(minutes=4)
    reached = Lookout.objects.get(name="bursts").reached_at

    look()

    assert Lookout.objects.get(name="bursts").reached_at == reached


def test_clock_that_was_ahead_is_not_waited_for(account):
    look()
    Lookout.objects.update(reached_at=later(minutes=600))
    conversation = write(account)

    look(seconds=1)

    assert bursts(conversation) == ["offline watched"]
    assert Lookout.objects.get(name="bursts").reached_at < later(minutes=1)


def test_failing_look_does_not_advance(account, monkeypatch):
    look()
    reached = Lookout.objects.get(name="bursts").reached_at
    write(account)

    def broken(*args, **kwargs):
        raise KeyError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(Burst.objects, "bulk_create", broken)
        with pytest.raises(KeyError):
            look(seconds=5)

    assert Lookout.objects.get(name="bursts").reached_at == reached


def test_pages_but_the_first_are_handed_on(account, monkeypatch):
    monkeypatch.setattr("notifications.services.lookout.AT_ONCE", 2)
    for _ in range(5):
        write(account)
    look(seconds=1)
    pages = []

    look(minutes=3, hand_on=pages.append)

    assert list(map(len, pages)) == [2, 1]
    assert Burst.objects.filter(state="told").count() == 2
    for page in pages:
        services.decide_bursts(burst_ids=page, now=later(minutes=3))
    assert not Burst.objects.watched().exists()
