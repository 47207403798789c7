"""Agents who are made responsible or named in a note."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F

from conversations import services as conversations
from conversations.models import Message
from conversations.services.assigning import add_assignee
from conversations.services.thread import lock
from notifications import receivers, services
from notifications.models import Notification, Preferences
from supportdesk.accounts.models import User
from tests import factories
from tests.notifications.watching import look, settle, subscribe, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()


@pytest.fixture
def conversation(account):
    return factories.make_conversation(account, text="")


def assign(conversation, agent, by):
    conversations.assign_conversation(
        conversation_id=conversation.pk, agent=agent, by=by
    )
    return Message.objects.get(conversation=conversation, event="assigned")


def mention(conversation, author, mentions):
    note = conversations.add_note(
        conversation_id=conversation.pk, agent=author, text="Please have a look"
    )
    Message.objects.filter(pk=note.pk).update(data={"mentions": mentions})
    note.refresh_from_db()
    return note


def test_assigned_by_a_colleague(conversation, owner, anna):
    subscribe(anna)
    message = assign(conversation, anna, by=owner)

    look()
    look(seconds=5)

    assert told() == [
        ("assigned", "mail", anna.email),
        ("assigned", "push", anna.email),
    ]
    mail, push = Notification.objects.order_by("way")
    assert mail.due_at == message.created_at + timedelta(minutes=2)
    assert push.due_at < mail.due_at
    assert (mail.message, mail.agent) == (message, anna)
    assert mail.occasion == f"message {message.pk}"


def test_assigned_by_the_desk_itself(conversation, anna):
    with transaction.atomic():
        add_assignee(lock(conversation.pk), anna, by=None)

    look()
    look(seconds=5)

    assert told() == [("assigned", "mail", anna.email)]


def test_who_joins_is_told_nothing(conversation, anna):
    conversations.join_conversation(conversation_id=conversation.pk, agent=anna)

    look()

    assert told() == []


def test_named_in_a_note(conversation, owner, anna):
    ben = factories.make_agent(conversation.account, "Ben")
    mention(conversation, owner, [anna.pk, ben.pk, anna.pk])

    look()
    look(seconds=5)

    assert told() == sorted(
        [("mentioned", "mail", anna.email), ("mentioned", "mail", ben.email)]
    )


def test_note_that_names_nobody(conversation, owner, anna):
    mention(conversation, owner, [])
    conversations.add_note(conversation_id=conversation.pk, agent=owner, text="Just so")

    look()

    assert told() == []


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda pk: pk,
        lambda pk: str(pk),
        lambda pk: {str(pk): pk},
        lambda pk: [str(pk)],
        lambda pk: [float(pk)],
        lambda pk: [[pk]],
        lambda pk: [{"id": pk}, None, "x", -1, 1e30],
        lambda pk: None,
    ],
)
def test_nonsense_names_nobody(conversation, owner, anna, nonsense):
    mention(conversation, owner, nonsense(anna.pk))

    look()

    assert told() == []


def test_only_colleagues_who_may_see_it(account, owner, anna):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    outside = factories.make_agent(account, groups=(sales,))
    stranger = factories.owner_of(factories.make_account("Other"))
    gone = factories.make_agent(account)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    conversation = factories.make_conversation(account, group=repairs, text="")
    mention(conversation, owner, [outside.pk, stranger.pk, gone.pk, owner.pk, anna.pk])

    look()

    assert told() == [("mentioned", "mail", anna.email)]


def test_preferences_decide_the_way(conversation, owner, anna):
    subscribe(anna)
    Preferences.objects.create(agent=anna, mail=["assigned"], browser=["mentioned"])
    assign(conversation, anna, by=owner)
    mention(conversation, owner, [anna.pk])

    look()

    assert told() == [
        ("assigned", "mail", anna.email),
        ("mentioned", "push", anna.email),
    ]


def test_late_lookout_mails_and_does_not_push(conversation, owner, anna):
    look()
    subscribe(anna)
    mention(conversation, owner, [anna.pk])

    look(minutes=16)
    # The window moves with each look.
    assert told() == [("mentioned", "mail", anna.email)]
    look(minutes=17)

    assert told() == [("mentioned", "mail", anna.email)]


def test_receiver_tells_at_once(
    conversation, owner, anna, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assign(conversation, anna, by=owner)
    at_once = told()

    look()

    assert at_once == told() == [("assigned", "mail", anna.email)]


def test_receiver_asks_only_for_what_concerns_somebody(
    conversation, owner, anna, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(receivers.tasks.tell_colleagues, "delay", asked.append)

    with django_capture_on_commit_callbacks(execute=True):
        factories.visitor_writes(conversation)
        conversations.add_note(
            conversation_id=conversation.pk, agent=owner, text="Just so"
        )
        factories.agent_writes(conversation, owner)
        message = assign(conversation, anna, by=owner)

    assert asked == [message.pk]


def test_only_what_concerns_somebody_is_told_by_key(conversation, anna):
    note = factories.visitor_writes(conversation)

    assert services.tell_colleagues(message_id=note.pk) == 0
    assert services.tell_colleagues(message_id=0) == 0


def test_number_of_queries_does_not_grow(
    account, owner, anna, django_assert_num_queries
):
    from notifications.services import telling
    from tests.notifications.watching import later

    for number in (1, 3):
        for _ in range(number):
            thread = factories.make_conversation(account, text="")
            mention(thread, owner, [anna.pk])
        with django_assert_num_queries(8):
            telling.find_for_colleagues(since=later(minutes=-5), now=later())
    assert Notification.objects.filter(due_at__gt=F("created_at")).count() == 4
