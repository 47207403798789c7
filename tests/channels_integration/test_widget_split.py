"""Where a visitor goes on after a split of which their browser was not told."""

import pytest
from channels.db import database_sync_to_async
from django.db import connection, transaction

from channels_integration.website import starting
from conversations import services
from conversations.models import Conversation
from supportdesk.accounts.models import Role
from tests.channels_integration.browser import new_id, open_browser, texts_of
from tests.channels_integration.test_widget_socket import hello, say
from tests.conversations.test_joining_at_once import at_once
from tests.factories import (
    agent_writes,
    fresh,
    make_agent,
    make_conversation,
    visitor_writes,
)

pytestmark = pytest.mark.django_db(transaction=True)


def agent_of(browser):
    return make_agent(browser.channel.account, role=Role.FULL)


def split(conversation, text, agent):
    message = conversation.messages.get(text=text)
    return services.split_conversation(message=message, agent=agent)


def split_and_die(conversation, text, agent):
    """The process dies with the commit: nobody is told."""
    with transaction.atomic():
        new = split(conversation, text, agent)
        connection.run_on_commit.clear()
    return new


@pytest.fixture
def parted(browser):
    """What a browser was in, what was split off it without a word, and by whom."""
    browser.say("Hello", client_id=browser.first_id)
    old, agent = browser.conversation, agent_of(browser)
    agent_writes(old, agent, "Yes?")
    browser.say("Another matter")
    return old, split_and_die(old, "Another matter", agent), agent


@pytest.fixture
def browser(browser):
    browser.first_id = new_id()
    return browser


def test_thread_is_that_of_the_new_one(browser, parted):
    _old, new, agent = parted
    agent_writes(new, agent, "I see")

    shown = browser.get("conversation").json()

    assert shown["conversation"]["id"] == str(new.public_id)
    assert [entry["text"] for entry in shown["messages"]] == ["Another matter", "I see"]


def test_messages_and_verdict_go_to_the_new_one(browser, parted):
    old, new, agent = parted

    answer = browser.say("Still there?")
    services.resolve_conversation(conversation_id=new.pk, agent=agent)
    browser.post("rating", {"rating": 5, "comment": ""})

    assert answer.json()["conversation"]["id"] == str(new.public_id)
    assert texts_of(old) == ["Hello", "Yes?"]
    assert texts_of(new) == ["Another matter", "Still there?"]
    assert (fresh(old).rating, fresh(new).rating) == (None, 5)


def test_retry_of_what_stayed_is_recognised(browser, parted):
    old, new, _agent = parted

    again = browser.say("Hello", client_id=browser.first_id)

    assert again.json()["message"]["id"] == str(
        old.messages.get(text="Hello").public_id
    )
    assert texts_of(new) == ["Another matter"]


def test_agent_who_begins_goes_on_with_the_new_one(browser, parted):
    old, new, agent = parted
    for each in (old, new):
        services.resolve_conversation(conversation_id=each.pk, agent=agent)

    continued = starting.start_with_visitor(
        visitor=browser.session.visitor,
        agent=agent,
        text="One more",
        client_id=new_id(),
    )

    assert continued == new


def test_way_leads_on_through_what_happens_to_the_new_one(browser, parted):
    old, new, agent = parted
    visitor_writes(new, "Third matter")
    third = split_and_die(new, "Third matter", agent)
    elsewhere = make_conversation(
        channel=browser.channel, visitor=browser.session.visitor, text="Elsewhere"
    )
    services.join_conversations(kept_id=elsewhere.pk, merged_id=third.pk, agent=agent)

    browser.say("Still there?")
    visitor_writes(old, "By a socket")

    assert texts_of(elsewhere)[-2:] == ["Still there?", "By a socket"]


def test_what_is_split_off_the_old_one_later_leads_nobody_back(browser, parted):
    old, new, agent = parted

    middle = split(old, "Yes?", agent)
    browser.say("Still there?")

    assert texts_of(new) == ["Another matter", "Still there?"]
    assert texts_of(middle) == ["Yes?"]


def test_joined_again_they_go_on_in_what_was_kept(browser, parted):
    old, new, agent = parted

    services.join_conversations(kept_id=old.pk, merged_id=new.pk, agent=agent)
    browser.say("Still there?")
    visitor_writes(new, "By a socket")

    assert texts_of(old)[-2:] == ["Still there?", "By a socket"]
    assert Conversation.objects.get() == old


def test_way_does_not_lead_to_another_person(client, browser):
    other = open_browser(client, browser.channel)
    browser.say("Hello")
    other.say("My secret address is Elm Street 1")
    agent, kept = agent_of(browser), browser.conversation
    merge = services.merge_visitors(
        kept=browser.session.visitor, merged=other.session.visitor, agent=agent
    )
    services.join_conversations(
        kept_id=kept.pk, merged_id=other.conversation.pk, agent=agent
    )
    new = split_and_die(kept, "My secret address is Elm Street 1", agent)
    services.undo_merge(merge=merge, agent=agent)

    browser.say("Still there?")
    visitor_writes(kept, "By a socket")

    assert "Elm Street" not in browser.get("conversation").content.decode()
    assert texts_of(kept) == ["Hello", "Still there?", "By a socket"]
    assert texts_of(new) == ["My secret address is Elm Street 1"]


def test_message_that_waits_for_the_split_is_in_the_new_one(browser):
    browser.say("Hello")
    old, agent = browser.conversation, agent_of(browser)
    browser.say("Another matter")

    errors = at_once(
        lambda: split(old, "Another matter", agent), lambda: browser.say("Late")
    )

    assert errors == []
    assert texts_of(old) == ["Hello"]
    new = Conversation.objects.exclude(pk=old.pk).get()
    assert texts_of(new) == ["Another matter", "Late"]
    assert browser.conversation == new


def test_deleted_with_the_new_one_the_way_ends(browser, parted):
    old, new, _agent = parted
    new.delete()

    browser.say("Still there?")

    assert texts_of(old) == ["Hello", "Yes?", "Still there?"]


async def test_socket_that_missed_it_goes_on_in_the_new_one(browser, monkeypatch):
    @database_sync_to_async
    def prepare():
        browser.say("Hello")
        return browser.conversation, agent_of(browser)

    old, agent = await prepare()
    socket, _ready = await hello(browser)
    await say(socket, "One")
    await say(socket, "Another matter")
    await socket.frames()
    new = await database_sync_to_async(split_and_die)(old, "Another matter", agent)

    ack = await say(socket, "Still there?")
    await database_sync_to_async(agent_writes)(new, agent, "Here I am")

    assert ack["conversation"] == str(new.public_id)
    [heard] = [
        frame["message"]["text"]
        for frame in await socket.frames("message")
        if frame["message"]["kind"] == "message"
    ]
    assert heard == "Here I am"
    texts = await database_sync_to_async(texts_of)(new)
    assert texts == ["Another matter", "Still there?", "Here I am"]
    assert await database_sync_to_async(texts_of)(old) == ["Hello", "One"]
    await socket.leave()
