"""New messages for browsers with the tab closed."""

from datetime import time

import pytest

from conversations import services as conversations
from conversations.models import Follow
from notifications import receivers, services, subscribed
from notifications.models import Notification, Preferences
from notifications.services import pushes
from supportdesk.accounts.models import User
from tests import factories
from tests.notifications.watching import later, look, settle, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()
    subscribed.forget()
    yield
    subscribed.forget()


@pytest.fixture
def owner(account):
    owner = factories.owner_of(account)
    subscribe(owner)
    return owner


def pushed():
    rows = Notification.objects.filter(kind="message").select_related("agent")
    assert {row.way for row in rows} <= {"push"}
    return sorted((row.agent.email, row.data["visitor_messages"]) for row in rows)


def test_unassigned_one_is_pushed_to_all_who_may_see_it(account, owner):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    inside = factories.make_agent(account, groups=(repairs,))
    for agent in (inside, factories.make_agent(account, groups=(sales,))):
        subscribe(agent)
    factories.make_agent(account, groups=(repairs,))
    factories.make_conversation(account, group=repairs)

    look()
    look(seconds=5)

    assert pushed() == sorted([(owner.email, 1), (inside.email, 1)])


def test_assigned_one_is_pushed_to_whose_it_is(account, owner):
    anna = factories.make_agent(account)
    subscribe(anna)
    conversation = factories.make_conversation(account, text="")
    conversations.join_conversation(conversation_id=conversation.pk, agent=anna)
    factories.visitor_writes(conversation)

    look()

    assert pushed() == [(anna.email, 1)]


def test_next_message_is_pushed_again(account, owner):
    conversation = factories.make_conversation(account)
    look()
    factories.visitor_writes(conversation)

    look(seconds=5)

    assert pushed() == [(owner.email, 1), (owner.email, 2)]


def test_who_has_it_open_and_who_answered_hear_nothing(account, owner):
    read = factories.make_conversation(account)
    conversations.mark_read(conversation=read, agent=owner)
    answered = factories.make_conversation(account)
    factories.agent_writes(answered, owner)

    look()

    assert pushed() == []


@pytest.mark.parametrize(
    "wish",
    [
        {"browser": ["offline"]},
        {"quiet_from": time(0), "quiet_until": time(23, 59, 59)},
    ],
)
def test_preferences(account, owner, wish):
    Preferences.objects.create(agent=owner, **wish)
    factories.make_conversation(account)

    look()

    assert pushed() == []


def test_old_news_is_none(account, owner):
    look()
    factories.make_conversation(account)

    look(minutes=16)

    assert pushed() == []


def test_accounts_without_a_browser_cost_one_query(account, django_assert_num_queries):
    factories.make_conversation(account)
    gone = factories.make_agent(account)
    subscribe(gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)

    with django_assert_num_queries(1):
        pushes.find_pushes(since=later(minutes=-5), now=later())


def test_number_of_queries_does_not_grow(account, owner, django_assert_num_queries):
    for number in (1, 3):
        for _ in range(number):
            factories.make_conversation(account)
        with django_assert_num_queries(11):
            found = pushes.find_pushes(since=later(minutes=-5), now=later())
        assert found == number


# For speed


@pytest.fixture
def asked(monkeypatch):
    asked = []

    def once(key, delay, do, *args):
        asked.append((key, args))
        do(*args)

    monkeypatch.setattr(receivers.later, "once", once)
    return asked


def test_message_is_pushed_without_the_lookout(
    account, owner, asked, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        conversation = factories.make_conversation(account)
    at_once = pushed()

    look()

    assert asked == [(("notifications.push", conversation.pk), (conversation.pk,))]
    assert at_once == pushed() == [(owner.email, 1)]


def test_accounts_without_a_browser_are_not_asked(
    account, asked, django_capture_on_commit_callbacks
):
    factories.make_conversation(account)
    subscribe(factories.owner_of(factories.make_account("Other")))
    with django_capture_on_commit_callbacks(execute=True):
        conversation = factories.make_conversation(account)
        factories.agent_writes(conversation, factories.owner_of(account))

    assert asked == []


def test_what_is_remembered_costs_no_query(account, owner, django_assert_num_queries):
    with django_assert_num_queries(1):
        first = subscribed.is_subscribed(account.pk)
    with django_assert_num_queries(0):
        assert subscribed.is_subscribed(account.pk) is first is True
        assert subscribed.is_subscribed(0) is False


def test_gone_conversation_is_no_news():
    assert services.push_conversation(conversation_id=0) == 0


def test_followers_hear_of_a_colleagues_conversation(account, owner):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    anna = factories.make_agent(account)
    outside = factories.make_agent(account, groups=(sales,))
    for agent in (anna, outside):
        subscribe(agent)
    conversation = factories.make_conversation(account, group=repairs, text="")
    conversations.join_conversation(conversation_id=conversation.pk, agent=anna)
    conversations.follow_conversation(conversation_id=conversation.pk, agent=owner)
    # As one may be left behind whose groups were changed.
    Follow.objects.create(conversation=conversation, agent=outside)
    factories.visitor_writes(conversation)

    look()

    assert pushed() == sorted([(anna.email, 1), (owner.email, 1)])


def test_one_that_comes_back_from_snooze_is_not_pushed_twice(account, owner):
    conversation = factories.make_conversation(account)
    look()
    until = later(minutes=10)
    conversations.snooze_conversation(
        conversation_id=conversation.pk, until=until, agent=owner
    )
    conversations.wake_when_due(conversation_id=conversation.pk, now=until)

    look(minutes=11)

    assert pushed() == [(owner.email, 1)]
