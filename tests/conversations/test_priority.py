"""What is to be answered before the rest."""

import re

import pytest

from conversations import services
from conversations.exceptions import ConversationError
from conversations.inbox import InboxQuery, list_page
from conversations.models import Conversation, Message
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in

pytestmark = pytest.mark.django_db

Priority = Conversation.Priority


def change(conversation, agent, priority):
    services.change_priority(
        conversation_id=conversation.pk, priority=priority, by=agent
    )


def test_changing_it_writes_who_and_what(anna, conversation):
    change(conversation, anna, Priority.URGENT)
    change(conversation, anna, Priority.URGENT)

    lines = conversation.messages.filter(event=Message.Event.PRIORITY_CHANGED)
    assert [(line.agent, line.data) for line in lines] == [(anna, {"from": 0, "to": 2})]
    assert lines.get().public_seq is None


@pytest.mark.parametrize("priority", [-1, 3, 1000])
def test_a_priority_that_is_none_is_refused(anna, conversation, priority):
    with pytest.raises(ConversationError):
        change(conversation, anna, priority)


@pytest.mark.parametrize("value", ["", "3", "-1", "high", "2\x00", "9" * 40])
def test_page_refuses_what_is_no_priority(anna, conversation, value):
    response = signed_in(anna).post(
        address("priority", conversation), {"priority": value}, headers=HTMX
    )

    conversation.refresh_from_db()
    assert response.status_code == 409
    assert conversation.priority == Priority.NORMAL


def test_page_changes_it_and_shows_it(anna, conversation):
    client = signed_in(anna)

    response = client.post(
        address("priority", conversation),
        {"priority": "2"},
        headers=htmx("thread-head"),
    )

    page = client.get(address("conversation", conversation)).text
    assert "Priority: Urgent" in response.text
    assert re.search(r'data-priority="2"', page)
    assert "</b> changed the priority to <b>Urgent</b>" in page


@pytest.mark.parametrize("size", [1, 2, 3, 30])
def test_pages_by_priority_hold_every_row_once_and_in_order(
    account, anna, monkeypatch, size
):
    monkeypatch.setattr("conversations.inbox.PAGE_SIZE", size)
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(8)]
    for number, priority in {0: 2, 2: 1, 3: 1, 5: 2}.items():
        change(rows[number], anna, priority)
    expected = [rows[number].pk for number in (5, 0, 3, 2, 7, 6, 4, 1)]

    found, after = [], ""
    while True:
        page = list_page(anna, InboxQuery(sort="priority"), after)
        found += [row.pk for row in page.rows]
        if not page.after:
            break
        after = page.after

    assert found == expected


@pytest.mark.parametrize("after", ["9_1_1", "-_1_1", "2_9999999999999999_1", "x"])
def test_a_cursor_of_other_orders_breaks_nothing(account, anna, conversation, after):
    response = signed_in(anna).get("/", {"sort": "priority", "after": after})

    assert response.status_code == 200
