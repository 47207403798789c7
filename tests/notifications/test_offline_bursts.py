"""Offline messages: nobody who may answer is online."""

from datetime import timedelta

import pytest

from conversations import services as conversations
from notifications.models import Burst, Notification, NotificationSettings
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import Presence, Role
from tests import factories
from tests.notifications.watching import (
    answer,
    block,
    bursts,
    come_online,
    comes_online,
    events,
    goes_offline,
    join,
    look,
    open_it,
    resolve,
    settle,
    told,
    visitor_is_here,
    write,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()
    hours.forget()


def test_offline_message_is_told_after_the_delay(account, owner, anna):
    conversation = write(account)

    look(seconds=1)
    look(minutes=1.9)
    before = told()
    look(minutes=2.1)
    look(minutes=2.2)

    assert before == []
    assert bursts(conversation) == ["offline told"]
    assert told() == sorted(
        [("offline", "mail", owner.email), ("offline", "mail", anna.email)]
    )
    assert events(conversation) == ["offline"]
    conversation.refresh_from_db()
    assert conversation.missed_at is None
    [burst] = Burst.objects.all()
    assert (burst.visitor_messages, burst.online_ids) == (1, [])
    row = Notification.objects.filter(agent=anna).get()
    assert (row.burst, row.conversation) == (burst, conversation)
    assert row.occasion == f"burst {burst.pk}"


def test_delay_is_the_accounts(account):
    NotificationSettings.objects.create(account=account, offline_delay=10)
    conversation = write(account)
    look()

    look(minutes=9.9)
    before = bursts(conversation)
    look(minutes=10.1)

    assert (before, bursts(conversation)) == (["offline watched"], ["offline told"])


def test_messages_of_one_burst_are_one_mail(account, owner):
    conversation = write(account)
    look(seconds=1)
    factories.visitor_writes(conversation)
    look(seconds=6)
    factories.visitor_writes(conversation)

    look(minutes=3)
    look(minutes=4)

    assert bursts(conversation) == ["offline told"]
    assert Burst.objects.get().visitor_messages == 3
    assert told() == [("offline", "mail", owner.email)]


def test_message_after_a_told_burst_begins_another(account, owner):
    conversation = write(account)
    look(minutes=3)
    message = factories.visitor_writes(conversation)

    look(minutes=3.1)
    look(minutes=6)

    assert bursts(conversation) == ["offline told", "offline told"]
    second = Burst.objects.latest("pk")
    assert (second.first_seq, second.visitor_messages) == (message.seq, 2)
    assert told() == [("offline", "mail", owner.email)] * 2


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (answer, "answered"),
        (resolve, "resolved"),
        (open_it, "opened"),
        (come_online, "online"),
        (join, "joined"),
        (block, "resolved"),
    ],
)
@pytest.mark.parametrize("has_looked", [True, False])
def test_offline_message_is_not_told_when(account, owner, act, reason, has_looked):
    conversation = write(account)
    if has_looked:
        look(seconds=1)

    act(conversation, owner)
    look(minutes=1)
    goes_offline(owner)
    look(minutes=3)

    assert told() == []
    assert events(conversation) == []
    if has_looked:
        assert bursts(conversation) == [f"offline dropped {reason}"]


def test_joining_without_being_online_does_not_count(account, owner):
    conversation = write(account)
    conversations.join_conversation(conversation_id=conversation.pk, agent=owner)

    look(minutes=3)

    assert bursts(conversation) == ["offline told"]


def test_opening_ends_with_what_was_written_until_then(account, owner):
    conversation = write(account)
    look(seconds=1)
    open_it(conversation, owner)
    factories.visitor_writes(conversation)

    look(seconds=6)
    look(minutes=3)

    assert bursts(conversation) == ["offline dropped opened", "offline told"]


def test_answer_between_two_looks_splits_what_was_written(account, owner):
    conversation = write(account)
    look(seconds=1)
    factories.agent_writes(conversation, owner)
    message = factories.visitor_writes(conversation)

    look(seconds=6)

    assert bursts(conversation) == ["offline dropped answered", "offline watched"]
    assert Burst.objects.watched().get().first_seq == message.seq


def test_message_after_an_answer_is_not_taken_for_answered(account, owner):
    """The last was taken by a server whose clock is behind: times never run back in a
    thread, but the wait began by that clock."""
    conversation = write(account)
    factories.agent_writes(conversation, owner)
    last = factories.visitor_writes(conversation)
    ahead = factories.fresh(conversation).waiting_since + timedelta(seconds=1)
    conversation.messages.filter(kind="message").update(created_at=ahead)

    look(seconds=5)
    look(minutes=3)

    [burst] = Burst.objects.all()
    assert (burst.state, burst.first_seq) == ("told", last.seq)
    assert told() == [("offline", "mail", owner.email)]


def test_answered_before_the_first_look_is_no_news(account, owner):
    conversation = write(account)
    factories.agent_writes(conversation, owner)
    message = factories.visitor_writes(conversation)

    look(minutes=3)

    [burst] = Burst.objects.all()
    assert (burst.first_seq, burst.visitor_messages) == (message.seq, 2)


def test_resolved_and_written_again_is_a_new_wait(account, owner):
    conversation = write(account)
    look(seconds=1)
    resolve(conversation, owner)
    factories.visitor_writes(conversation)

    look(minutes=3)

    assert bursts(conversation) == ["offline dropped resolved", "offline told"]


def test_event_lines_and_notes_answer_nothing(account, owner):
    conversation = write(account)
    look(seconds=1)
    conversations.add_note(
        conversation_id=conversation.pk, agent=owner, text="Anybody?"
    )
    group = factories.make_group(account)
    conversations.change_group(conversation_id=conversation.pk, group=group, by=owner)

    look(minutes=3)

    assert bursts(conversation) == ["offline told"]


# Who may answer


@pytest.mark.parametrize("presence_", [Presence.AWAY, Presence.OFFLINE])
def test_who_switched_off_does_not_answer(account, anna, presence_):
    comes_online(anna)
    type(anna).objects.filter(pk=anna.pk).update(presence=presence_)

    conversation = write(account)
    look()

    assert bursts(conversation) == ["offline watched"]


def test_only_agents_of_the_group_answer_for_it(account):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    ben = factories.make_agent(account, "Ben", groups=(sales,))
    comes_online(ben)

    conversation = write(account, group=repairs)
    elsewhere = write(account, group=sales)
    look()

    assert bursts(conversation) == ["offline watched"]
    assert bursts(elsewhere) == ["missed watched"]


def test_who_is_responsible_answers_whatever_the_group(account):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    ben = factories.make_agent(account, "Ben", groups=(sales,))
    conversation = factories.make_conversation(account, group=repairs, text="")
    conversations.assign_conversation(
        conversation_id=conversation.pk, agent=ben, by=factories.owner_of(account)
    )
    comes_online(ben)
    factories.visitor_writes(conversation)
    visitor_is_here(conversation)

    look()
    look(minutes=2.1)

    assert bursts(conversation) == ["missed dropped joined"]


def test_agents_of_other_accounts_do_not_count(account):
    other = factories.make_account("Other")
    comes_online(factories.owner_of(other))

    conversation = write(account)
    look()

    assert bursts(conversation) == ["offline watched"]


def test_rule_is_that_of_counting_for_group(account):
    """The widget asks by query, the lookout for many at once: they must agree."""
    from notifications.services.standing import Standing
    from supportdesk.accounts.models import User

    one, two = factories.make_group(account), factories.make_group(account, "Two")
    for role in Role.values:
        for groups in ((), (one,), (two,), (one, two)):
            comes_online(factories.make_agent(account, role=role, groups=groups))
    threads = [
        factories.make_conversation(account, group=group) for group in (None, one, two)
    ]

    standing = Standing.around(threads)

    online = presence.online_ids(account.pk)
    assert len(online) == 12
    for thread in threads:
        counting = User.objects.filter(pk__in=online)
        counting = counting.counting_for_group(thread.group_id)
        assert set(standing.who_may_answer(thread)) == set(
            counting.values_list("pk", flat=True)
        )
