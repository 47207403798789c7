"""Missed conversations: somebody is online, and the visitor leaves."""

import pytest

from conversations import services as conversations
from conversations.models import Channel
from notifications.models import Burst
from supportdesk.accounts import hours
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
    resolve,
    settle,
    told,
    visitor_is_here,
    visitor_leaves,
    write,
)
from visitors import live

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()
    hours.forget()


def test_missed_conversation_is_told_when_the_visitor_has_left(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    visitor_leaves(conversation)

    look(seconds=6)
    look(seconds=65)
    before = told()
    look(seconds=67)
    look(seconds=80)

    assert before == []
    assert bursts(conversation) == ["missed told"]
    assert told() == [("missed", "mail", owner.email)]
    assert events(conversation) == ["missed"]
    [burst] = Burst.objects.all()
    assert burst.online_ids == [owner.pk]
    conversation.refresh_from_db()
    assert conversation.missed_at == burst.gone_since
    assert later() < conversation.missed_at < later(seconds=10)


def test_visitor_who_is_there_misses_nothing(account, owner):
    comes_online(owner)
    conversation = write(account)

    for minutes in range(10):
        look(minutes=minutes)

    assert bursts(conversation) == ["missed watched"]


def test_page_without_a_socket_is_there_too(account, owner):
    comes_online(owner)
    conversation = factories.make_conversation(account)
    visit = factories.put_on_website(conversation.visitor)

    look()
    look(minutes=5)
    look(minutes=9)
    still = bursts(conversation)
    live.forget(account.pk, [visit.pk])
    look(minutes=10)
    look(minutes=12)

    assert (still, bursts(conversation)) == (["missed watched"], ["missed told"])


def test_who_comes_back_has_not_left(account, owner):
    comes_online(owner)
    conversation = write(account)
    look()
    visitor_leaves(conversation)
    look(seconds=10)
    visitor_is_here(conversation)
    look(seconds=60)
    visitor_leaves(conversation)

    look(seconds=70)
    look(seconds=120)
    before = bursts(conversation)
    look(seconds=131)

    assert (before, bursts(conversation)) == (["missed watched"], ["missed told"])


@pytest.mark.parametrize(
    ("act", "reason"),
    [(answer, "answered"), (resolve, "resolved"), (join, "joined")],
)
def test_missed_conversation_is_not_told_when(account, owner, act, reason):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    visitor_leaves(conversation)
    look(seconds=2)

    act(conversation, owner)
    look(seconds=10)
    goes_offline(owner)
    look(minutes=2)

    assert bursts(conversation) == [f"missed dropped {reason}"]
    assert (told(), events(conversation)) == ([], [])


def test_opening_alone_is_no_answer_to_who_left(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    open_it(conversation, owner)
    visitor_leaves(conversation)

    look(seconds=2)
    look(minutes=2)

    assert bursts(conversation) == ["missed told"]


def test_online_agents_who_leave_make_it_offline(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    goes_offline(owner)

    look(seconds=10)
    look(seconds=120)
    before = bursts(conversation)
    look(seconds=131)

    assert (before, bursts(conversation)) == (["missed watched"], ["offline told"])
    assert told() == [("offline", "mail", owner.email)]
    assert events(conversation) == ["offline"]


def test_agent_who_comes_back_in_time_keeps_it_missed(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    goes_offline(owner)
    look(seconds=10)
    comes_online(owner)
    look(seconds=60)
    goes_offline(owner)

    look(seconds=70)
    look(seconds=131)

    assert bursts(conversation) == ["missed watched"]


def test_seen_and_left_by_agents_waits_for_the_visitor_to_leave(account, owner):
    comes_online(owner)
    conversation = write(account)
    look(seconds=1)
    open_it(conversation, owner)
    goes_offline(owner)

    look(seconds=10)
    look(minutes=5)
    before = bursts(conversation)
    visitor_leaves(conversation)
    look(minutes=6)
    look(minutes=8)

    assert (before, bursts(conversation)) == (["missed watched"], ["missed told"])


@pytest.mark.parametrize("kind", [Channel.Kind.EMAIL, Channel.Kind.MESSENGER])
def test_other_channels_know_offline_only(account, owner, kind):
    channel = conversations.create_channel(
        account=account, kind=kind, name="Other", config={}
    )
    nobody = factories.make_conversation(account, channel=channel)
    look(seconds=1)
    look(minutes=3)
    comes_online(owner)
    somebody = factories.make_conversation(account, channel=channel)
    look(minutes=4)
    look(minutes=9)

    assert bursts(nobody) == ["offline told"]
    assert bursts(somebody) == ["missed dropped in_inbox"]
    assert events(somebody) == []


@pytest.mark.parametrize(
    ("act", "result"),
    [(open_it, "missed dropped opened"), (None, "offline told")],
)
def test_mail_to_agents_who_have_just_left(account, owner, act, result):
    """They count as online until their grace is over."""
    comes_online(owner)
    channel = conversations.create_channel(
        account=account, kind=Channel.Kind.EMAIL, name="Mail", config={}
    )
    conversation = factories.make_conversation(account, channel=channel)
    look(seconds=1)
    if act:
        act(conversation, owner)
    goes_offline(owner)

    look(seconds=90)
    before = told()
    look(seconds=220)

    assert (before, bursts(conversation)) == ([], [result])


@pytest.mark.parametrize(
    ("stays", "result"), [(True, "offline told"), (False, "missed told")]
)
def test_message_to_whose_browser_has_just_crashed(account, owner, stays, result):
    """Who is responsible counts as online until the grace is over, and no longer."""
    conversation = factories.make_conversation(account, text="")
    conversations.join_conversation(conversation_id=conversation.pk, agent=owner)
    comes_online(owner)
    factories.visitor_writes(conversation)
    if stays:
        visitor_is_here(conversation)
    look(seconds=1)
    look(seconds=100)
    before = bursts(conversation)
    goes_offline(owner)

    look(seconds=110)
    look(seconds=240)

    assert (before, bursts(conversation)) == (["missed watched"], [result])
    assert told() == [(result.split()[0], "mail", owner.email)]
