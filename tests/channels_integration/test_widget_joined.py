"""A browser whose conversation was joined with another one, or split, goes on."""

import pytest
from channels.db import database_sync_to_async

from channels_integration.website import browsers, starting
from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from supportdesk.accounts.models import Role
from tests.channels_integration.browser import new_id, open_browser, texts_of
from tests.channels_integration.test_widget_socket import hello, say
from tests.factories import agent_writes, make_agent, make_conversation, make_visitor

pytestmark = pytest.mark.django_db(transaction=True)


def agent_of(browser):
    return make_agent(browser.channel.account, role=Role.FULL)


def another(browser, text="Another matter"):
    return make_conversation(
        channel=browser.channel, visitor=browser.session.visitor, text=text
    )


def join(kept, merged, agent):
    services.join_conversations(kept_id=kept.pk, merged_id=merged.pk, agent=agent)


@pytest.fixture
def taken_in(browser):
    """The browser's conversation, gone into the visitor's other one; that and who."""
    browser.say("Hello")
    kept, agent = another(browser), agent_of(browser)
    join(kept, browser.conversation, agent)
    return kept, agent


def thread(browser, query=""):
    return browser.get(f"conversation{query}").json()


def test_thread_is_that_of_the_kept_one(browser, taken_in):
    kept, _agent = taken_in

    shown = thread(browser)

    assert shown["conversation"]["id"] == f"{kept.public_id}.1"
    assert [entry["text"] for entry in shown["messages"]] == ["Hello", "Another matter"]
    assert [entry["seq"] for entry in shown["messages"]] == [1, 2]


def test_messages_go_to_the_kept_one(browser, taken_in):
    kept, _agent = taken_in

    answer = browser.say("Anybody there?")

    assert answer.status_code == 201
    assert answer.json()["conversation"]["id"] == f"{kept.public_id}.1"
    assert answer.json()["message"]["seq"] == 3
    assert texts_of(kept) == ["Hello", "Another matter", "Anybody there?"]
    assert Conversation.objects.get() == kept


def test_retry_of_what_was_taken_in_is_recognised(browser):
    client_id = new_id()
    first = browser.say("Hello", client_id=client_id)
    kept, agent = another(browser), agent_of(browser)
    join(kept, browser.conversation, agent)

    again = browser.say("Hello", client_id=client_id)

    assert again.json()["message"]["id"] == first.json()["message"]["id"]
    assert texts_of(kept) == ["Hello", "Another matter"]


def test_seen_rating_and_files_are_the_kept_one_s(browser, taken_in):
    kept, agent = taken_in
    agent_writes(kept, agent, "Here I am")
    services.resolve_conversation(conversation_id=kept.pk, agent=agent)

    browser.post("seen", {"seq": 4})
    rated = browser.post("rating", {"rating": 5, "comment": ""})

    kept.refresh_from_db()
    assert rated.status_code == 200
    assert (kept.rating, kept.visitor_seen_seq) == (5, 4)


def test_sign_of_life_forgets_the_former_thread_at_once(browser):
    browser.say("Hello")
    former = browser.conversation
    page = {"url": "https://shop.example.com/", "title": "Shop", "ago": 0}
    browser.post("visit", {"token": browser.token, "pages": [page]})
    assert browsers.recall(browser.token).conversation_id == former.pk
    kept, agent = another(browser), agent_of(browser)

    join(kept, former, agent)

    assert browsers.recall(browser.token) is None
    browser.post("visit", {"token": browser.token, "pages": [page]})
    assert browsers.recall(browser.token).conversation_id == kept.pk


def test_agent_who_begins_goes_on_with_the_kept_one(browser, taken_in):
    kept, agent = taken_in
    services.resolve_conversation(conversation_id=kept.pk, agent=agent)

    continued = starting.start_with_visitor(
        visitor=browser.session.visitor,
        agent=agent,
        text="One more",
        client_id=new_id(),
    )

    assert continued.pk == kept.pk
    assert Conversation.objects.count() == 1


def test_profiles_are_parted_only_after_their_conversations(client, browser):
    other = open_browser(client, browser.channel)
    browser.say("Hello")
    other.say("My secret address is Elm Street 1")
    agent, kept = agent_of(browser), browser.conversation
    merge = services.merge_visitors(
        kept=browser.session.visitor, merged=other.session.visitor, agent=agent
    )
    join(kept, other.conversation, agent)

    with pytest.raises(ConversationError, match="Please split it first"):
        services.undo_merge(merge=merge, agent=agent)
    secret = kept.messages.get(text__startswith="My secret")
    new = services.split_conversation(message=secret, agent=agent)
    services.undo_merge(merge=merge, agent=agent)

    new.refresh_from_db()
    assert new.visitor == other.session.visitor
    assert "Elm Street" not in browser.get("conversation").content.decode()
    assert thread(browser)["conversation"] is None
    assert texts_of(kept) == ["Hello"]
    assert "Elm Street" in other.get("conversation").content.decode()


def test_visitor_goes_on_with_what_was_split_off(browser):
    browser.say("Hello")
    old, agent = browser.conversation, agent_of(browser)
    agent_writes(old, agent, "Yes?")
    browser.say("Another matter")
    message = old.messages.get(text="Another matter")

    new = services.split_conversation(message=message, agent=agent)
    shown = thread(browser)
    browser.say("Still there?")

    assert browser.conversation == new
    assert shown["conversation"]["id"] == str(new.public_id)
    assert [entry["text"] for entry in shown["messages"]] == ["Another matter"]
    assert texts_of(new) == ["Another matter", "Still there?"]
    assert texts_of(old) == ["Hello", "Yes?"]


def test_browser_of_the_merged_one_goes_on_with_what_was_split_off(browser, taken_in):
    kept, agent = taken_in
    message = kept.messages.get(text="Another matter")

    new = services.split_conversation(message=message, agent=agent)

    assert thread(browser)["conversation"]["id"] == str(new.public_id)


@database_sync_to_async
def prepared(browser):
    browser.say("Hello")
    return another(browser), browser.conversation, agent_of(browser)


async def test_open_socket_is_told_of_another_thread(browser):
    kept, merged, agent = await prepared(browser)
    socket, ready = await hello(browser)
    assert ready["conversation"]["id"] == str(merged.public_id)

    await database_sync_to_async(join)(kept, merged, agent)

    states = await socket.frames("state")
    assert states[-1]["conversation"]["id"] == f"{kept.public_id}.1"
    assert states[-1]["conversation"]["seq"] == 2
    await database_sync_to_async(agent_writes)(kept, agent, "Here I am")
    [*_joined, heard] = await socket.frames("message")
    assert heard["message"]["text"] == "Here I am"
    ack = await say(socket, "Thanks")
    assert ack["conversation"] == f"{kept.public_id}.1"
    await socket.leave()


async def test_socket_of_the_kept_one_is_told_that_its_numbers_are_void(browser):
    other, own, agent = await prepared(browser)
    socket, _ready = await hello(browser)

    await database_sync_to_async(join)(own, other, agent)

    states = await socket.frames("state")
    assert states[-1]["conversation"]["id"] == f"{own.public_id}.1"
    ack = await say(socket, "Thanks")
    assert ack["message"]["seq"] == 3
    await socket.leave()


async def test_message_of_a_socket_that_missed_the_merge_lands_in_the_kept_one(
    browser, monkeypatch
):
    kept, merged, agent = await prepared(browser)
    socket, _ready = await hello(browser)
    await say(socket, "One")
    await say(socket, "Two")
    await socket.frames()
    monkeypatch.setattr("supportdesk.core.layer.send", lambda sends: None)
    await database_sync_to_async(join)(kept, merged, agent)

    ack = await say(socket, "Three")

    assert ack["conversation"] == f"{kept.public_id}.1"
    assert ack["message"]["seq"] == 5
    texts = await database_sync_to_async(texts_of)(kept)
    assert texts == ["Hello", "Another matter", "One", "Two", "Three"]
    await socket.leave()


async def test_open_socket_follows_a_split(browser):
    _other, own, agent = await prepared(browser)
    await database_sync_to_async(agent_writes)(own, agent, "Yes?")
    await database_sync_to_async(browser.say)("Another matter")
    socket, _ready = await hello(browser)

    @database_sync_to_async
    def split():
        message = own.messages.get(text="Another matter")
        return services.split_conversation(message=message, agent=agent)

    new = await split()

    states = await socket.frames("state")
    assert states[-1]["conversation"]["id"] == str(new.public_id)
    ack = await say(socket, "Still there?")
    assert ack["conversation"] == str(new.public_id)
    await socket.leave()


async def test_socket_of_another_visitor_hears_nothing(client, browser):
    kept, merged, agent = await prepared(browser)
    stranger = await database_sync_to_async(open_browser)(client, browser.channel)
    socket, _ready = await hello(stranger)

    await database_sync_to_async(join)(kept, merged, agent)

    assert await socket.frames() == []
    assert await database_sync_to_async(make_visitor)(browser.channel.account)
    await socket.leave()


async def test_typing_agent_is_seen_in_the_joined_thread(browser):
    kept, merged, agent = await prepared(browser)
    await database_sync_to_async(join)(kept, merged, agent)
    socket, _ready = await hello(browser)
    await socket.frames()

    from channels.layers import get_channel_layer

    await get_channel_layer().group_send(
        f"visitor.{kept.visitor_id}",
        {
            "type": "visitor.typing",
            "conversation": str(kept.public_id),
            "active": True,
        },
    )

    assert await socket.frames("typing") == [{"type": "typing", "active": True}]
    await socket.leave()
