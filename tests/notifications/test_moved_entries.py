"""What was told of is told once, and what waits is told of, however threads are put
together meanwhile."""

import pytest

from conversations import services as conversations
from notifications.models import Burst, Notification
from notifications.reply_addresses import reply_address
from notifications.services.answering import answer_by_mail
from supportdesk.accounts.models import Role
from tests import factories
from tests.notifications.making import burst_notification, make_burst
from tests.notifications.watching import (
    answer,
    bursts,
    look,
    settle,
    subscribe,
    told,
    write,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()


@pytest.fixture
def anna(account):
    return factories.make_agent(account, role=Role.FULL)


@pytest.fixture
def pair(account):
    """Two conversations of one visitor, who waits in both."""
    first = write(account)
    return first, write(account, visitor=first.visitor)


def join(kept, merged, agent):
    conversations.join_conversations(kept_id=kept.pk, merged_id=merged.pk, agent=agent)


def split(message, agent):
    return conversations.split_conversation(message=message, agent=agent)


def covered(conversation):
    rows = Burst.objects.filter(conversation=conversation).order_by("first_seq")
    texts = {
        message.seq: message.text
        for message in conversation.messages.filter(by_visitor=True)
    }
    return [(texts[row.first_seq], row.visitor_messages) for row in rows]


def mails():
    return Notification.objects.filter(kind="offline", way="mail").count()


def test_what_was_told_of_is_not_told_again(pair, anna):
    look()
    look(minutes=3)
    before = mails()
    assert before

    join(*pair, anna)
    look(minutes=4)
    look(minutes=8)

    assert mails() == before
    assert covered(pair[0]) == [("Where is my parcel?", 1), ("Where is my parcel?", 2)]
    assert bursts(pair[0]) == ["offline told"] * 2
    assert bursts(pair[1]) == []


def test_two_watched_bursts_become_one_and_are_told_of_once(pair, anna, owner):
    look()
    assert [len(bursts(each)) for each in pair] == [1, 1]

    join(pair[1], pair[0], anna)
    look(minutes=3)

    assert bursts(pair[1]) == ["offline told"]
    assert Burst.objects.get().visitor_messages == 2
    assert told(kind="offline") == sorted(
        ("offline", "mail", agent.email) for agent in (anna, owner)
    )


def test_mail_that_waits_is_sent_with_what_it_told_of(pair, anna):
    factories.visitor_writes(pair[1], "Anybody?")
    burst = make_burst(pair[1])
    row = burst_notification(burst, agent=anna)

    join(*pair, anna)

    row.refresh_from_db()
    burst.refresh_from_db()
    assert row.conversation == pair[0]
    assert (burst.conversation, burst.visitor_messages) == (pair[0], 3)


def test_notifications_of_the_merged_one_are_the_other_s(pair, anna, owner):
    note = conversations.add_note(
        conversation_id=pair[1].pk, agent=anna, text=f"@{owner.name} please look"
    )
    look()
    rows = Notification.objects.filter(message=note)
    assert rows.exists()

    join(*pair, anna)

    assert {row.conversation for row in rows.all()} == {pair[0]}
    assert not Notification.objects.filter(conversation=pair[1]).exists()


def test_what_was_pushed_is_not_pushed_again(pair, anna, owner):
    subscribe(owner)
    look()
    before = Notification.objects.filter(kind="message").count()
    assert before == 2

    join(*pair, anna)
    look(seconds=20)

    assert Notification.objects.filter(kind="message").count() == before
    factories.visitor_writes(pair[1], "Hello?")
    look(seconds=30)
    assert Notification.objects.filter(kind="message").count() == before + 1


def test_reply_to_the_mail_of_the_merged_one_goes_to_the_other(pair, anna, settings):
    settings.REPLY_ADDRESS = "reply@desk.example.com"
    address = reply_address(conversation_id=pair[1].pk, agent_id=anna.pk)
    join(*pair, anna)

    message = answer_by_mail(
        address=address, sender=anna.email, text="Soon", message_id="<1@example.com>"
    )
    again = answer_by_mail(
        address=address, sender=anna.email, text="Soon", message_id="<1@example.com>"
    )

    assert message.conversation == pair[0]
    assert again == message


def test_burst_goes_with_what_is_split_off(account, anna):
    conversation = write(account)
    answer(conversation, anna)
    question = factories.visitor_writes(conversation, "Another thing")
    look()
    assert covered(conversation) == [("Another thing", 2)]

    new = split(question, anna)
    look(minutes=3)

    assert covered(new) == [("Another thing", 1)]
    assert bursts(new) == ["offline told"]
    assert bursts(conversation) == []


def test_burst_that_is_parted_is_told_of_with_what_stays(account, anna):
    conversation = write(account)
    question = factories.visitor_writes(conversation, "Another thing")
    look()
    assert covered(conversation) == [("Where is my parcel?", 2)]

    new = split(question, anna)
    look(minutes=3)

    assert covered(conversation) == [("Where is my parcel?", 1)]
    assert bursts(conversation) == ["offline told"]
    assert covered(new) == [("Another thing", 1)]
    assert bursts(new) == ["offline dropped"]
    factories.visitor_writes(new, "Hello?")
    look(minutes=6)
    assert covered(new) == [("Another thing", 1), ("Hello?", 2)]


def test_merged_one_is_looked_at_no_more(pair, anna):
    join(*pair, anna)

    look()
    look(minutes=3)

    assert set(Burst.objects.values_list("conversation", flat=True)) == {pair[0].pk}
