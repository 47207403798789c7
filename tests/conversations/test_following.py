"""To hear of a conversation without being responsible for it."""

import re
import threading

import pytest
from django.db import connection

from conversations import services
from conversations.exceptions import NotAllowed
from conversations.models import Follow
from conversations.people import read_conversation
from tests import factories
from tests.conversations.desk import address, htmx, signed_in

pytestmark = pytest.mark.django_db


def follow(conversation, agent):
    services.follow_conversation(conversation_id=conversation.pk, agent=agent)


def followers(conversation):
    return list(conversation.follows.order_by("pk").values_list("agent", flat=True))


def listed(agent, **query):
    return re.findall(r'id="conv-([0-9a-f-]+)"', signed_in(agent).get("/", query).text)


def test_button_follows_and_unfollows(anna, conversation):
    client, head = signed_in(anna), htmx("thread-head")

    first = client.post(address("follow", conversation), headers=head)
    again = client.post(address("follow", conversation), headers=head)
    following = followers(conversation)
    last = client.post(address("unfollow", conversation), headers=head)

    assert "Unfollow" in first.text
    assert again.status_code == 200
    assert following == [anna.pk]
    assert "Unfollow" not in last.text
    assert followers(conversation) == []


def test_filter_shows_what_one_follows(account, anna, conversation):
    factories.make_conversation(account)
    follow(conversation, anna)
    follow(factories.make_conversation(account), factories.owner_of(account))

    assert listed(anna, following="1") == [str(conversation.public_id)]


def test_filter_counts_in_resolved_too(account, anna, conversation):
    follow(conversation, anna)
    for row in (conversation, factories.make_conversation(account)):
        services.resolve_conversation(conversation_id=row.pk, agent=anna)

    rows = listed(anna, following="1", status="resolved")

    assert rows == [str(conversation.public_id)]


def test_who_does_not_see_it_cannot_follow(account):
    repairs, sales = (factories.make_group(account, name) for name in ("A", "B"))
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    hidden = factories.make_conversation(account, group=repairs)
    elsewhere = factories.make_conversation()

    answers = [
        signed_in(mira).post(address("follow", row)).status_code
        for row in (hidden, elsewhere)
    ]
    with pytest.raises(NotAllowed):
        follow(hidden, mira)

    assert answers == [404, 404]
    assert not Follow.objects.exists()


def test_losing_sight_of_it_ends_it_silently(account, anna):
    repairs, sales = (factories.make_group(account, name) for name in ("A", "B"))
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    row = factories.make_conversation(account, group=sales)
    follow(row, mira)
    follow(row, anna)

    services.change_group(conversation_id=row.pk, group=repairs, by=anna)
    services.change_group(conversation_id=row.pk, group=sales, by=anna)

    assert followers(row) == [anna.pk]


def test_leaving_another_groups_conversation_ends_it(account, anna):
    repairs, sales = (factories.make_group(account, name) for name in ("A", "B"))
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    row = factories.make_conversation(account, group=repairs)
    services.assign_conversation(conversation_id=row.pk, agent=mira, by=anna)
    follow(row, mira)

    services.unassign_conversation(conversation_id=row.pk, agent=mira, by=mira)

    assert followers(row) == []


def test_pushes_know_who_follows(anna, conversation):
    before = read_conversation(conversation.pk)
    follow(conversation, anna)

    after = read_conversation(conversation.pk)

    assert (before.follower_ids, after.follower_ids) == ([], [anna.pk])


@pytest.mark.django_db(transaction=True)
def test_followed_by_two_tabs_at_once_there_is_one_row():
    account = factories.make_account()
    owner, row = factories.owner_of(account), factories.make_conversation(account)
    barrier = threading.Barrier(2)

    def press():
        barrier.wait()
        follow(row, owner)
        connection.close()

    tabs = [threading.Thread(target=press) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert followers(row) == [owner.pk]
