"""A browser whose profile became part of another one goes on as before."""

import pytest
from channels.db import database_sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_integration.website import browsers, consumers
from conversations import services
from conversations.models import Attachment
from supportdesk.accounts.models import Role
from tests.channels_integration.browser import PNG, new_id, open_browser
from tests.channels_integration.test_widget_socket import (
    closed_with,
    hello,
    receive,
    say,
)
from tests.factories import agent_writes, make_agent, make_conversation, make_visitor
from tests.sockets import Socket
from visitors.models import Visit, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def agent_and_profile(browser):
    account = browser.channel.account
    return make_agent(account, role=Role.FULL), make_visitor(account, name="Lena")


def merge(browser, kept, agent):
    return services.merge_visitors(
        kept=kept, merged=browser.session.visitor, agent=agent
    )


@database_sync_to_async
def merged(browser):
    agent, kept = agent_and_profile(browser)
    return merge(browser, kept, agent), agent


def test_messages_go_to_the_kept_profile(browser):
    agent, kept = agent_and_profile(browser)
    merge(browser, kept, agent)

    answer = browser.say("Hello")

    assert answer.status_code == 201
    assert browser.conversation.visitor == kept


def test_conversation_goes_on_where_it_was(browser):
    agent, kept = agent_and_profile(browser)
    browser.say("Hello")
    before = browser.conversation
    merge(browser, kept, agent)

    browser.say("Anybody there?")

    assert browser.conversation == before
    assert browser.conversation.visitor == kept


def test_retry_of_what_a_former_conversation_holds_is_recognised(browser):
    agent, kept = agent_and_profile(browser)
    first = browser.say("Hello", client_id="5f6a8d7e-1111-4222-8333-444455556666")
    former = browser.conversation
    browser.session.conversation = make_conversation(
        visitor=browser.session.visitor, channel=browser.channel
    )
    browser.session.save(update_fields=["conversation"])
    merge(browser, kept, agent)

    again = browser.say("Hello", client_id="5f6a8d7e-1111-4222-8333-444455556666")

    assert again.json()["message"]["id"] == first.json()["message"]["id"]
    assert again.json()["conversation"]["id"] == str(former.public_id)


def test_contact_form_and_visits_fill_the_kept_profile(browser):
    agent, kept = agent_and_profile(browser)
    merge(browser, kept, agent)

    browser.post("contact", {"email": "lena@example.com", "name": "Lena Hofmann"})
    page = {"url": "https://shop.example.com/", "title": "Shop", "ago": 0}
    browser.post("visit", {"token": browser.token, "pages": [page]})

    assert Visitor.objects.get(pk=kept.pk).email == "lena@example.com"
    assert Visit.objects.get().visitor == kept
    assert browser.get("conversation").json()["has_email"] is True


def test_sign_of_life_follows_the_profile_at_once(browser):
    agent, kept = agent_and_profile(browser)
    page = {"url": "https://shop.example.com/", "title": "Shop", "ago": 0}
    browser.post("visit", {"token": browser.token, "pages": [page]})
    browser.post("visit", {"token": browser.token})
    first = browsers.recall(browser.token)

    joined = merge(browser, kept, agent)
    browser.post("visit", {"token": browser.token})
    second = browsers.recall(browser.token)
    services.undo_merge(merge=joined, agent=agent)
    browser.post("visit", {"token": browser.token})
    third = browsers.recall(browser.token)

    own = browser.session.visitor_id
    assert [one.profile_id for one in (first, second, third)] == [own, kept.pk, own]


def test_thread_of_who_was_merged_by_mistake_is_theirs_again(client, browser):
    other = open_browser(client, browser.channel)
    other.say("My secret address is Elm Street 1")
    secret = other.conversation
    upload = SimpleUploadedFile("secret.png", PNG, content_type="image/png")
    body = {"client_id": new_id(), "file": upload}
    client.post("/widget/files", body, headers=other.headers())
    file = Attachment.objects.get()
    agent = make_agent(browser.channel.account, role=Role.FULL)
    # Since the wrong merge this browser goes on with the stranger's thread.
    joined = services.merge_visitors(
        kept=browser.session.visitor, merged=other.session.visitor, agent=agent
    )
    browser.session.conversation = secret
    browser.session.save(update_fields=["conversation"])
    assert "Elm Street" in browser.get("conversation").content.decode()

    services.undo_merge(merge=joined, agent=agent)

    assert browser.get("conversation").json()["conversation"] is None
    assert browser.get(f"files/{file.public_id}").status_code == 404
    assert browser.post("rating", {"rating": 1, "comment": ""}).status_code == 409
    browser.post("seen", {"seq": 1})
    browser.say("Hello")
    assert browser.conversation != secret
    secret.refresh_from_db()
    assert (secret.visitor_seen_seq, secret.rating) == (0, None)


async def test_open_socket_comes_back_and_hears_answers(browser):
    socket, _ready = await hello(browser)
    _merge, agent = await merged(browser)

    assert await closed_with(socket) == consumers.CLOSE_RENEW
    await database_sync_to_async(browser.say)("Hello")
    conversation = await database_sync_to_async(lambda: browser.conversation)()
    socket, ready = await hello(browser)
    assert ready["conversation"]["id"] == str(conversation.public_id)
    await database_sync_to_async(agent_writes)(conversation, agent, "Good morning!")
    texts = [frame["message"].get("text") for frame in await socket.frames("message")]
    assert texts[-1] == "Good morning!"
    await socket.leave()


async def test_socket_comes_back_after_the_merge_was_undone(browser):
    merge, agent = await merged(browser)
    socket, _ready = await hello(browser)

    await database_sync_to_async(services.undo_merge)(merge=merge, agent=agent)

    assert await closed_with(socket) == consumers.CLOSE_RENEW


async def test_socket_that_missed_the_merge_notices_by_itself(browser, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_PAUSE", 0)
    monkeypatch.setattr("conversations.publisher.publish_profile_moved", print)
    socket, _ready = await hello(browser)
    await socket.send(type="ping")
    assert (await receive(socket))["type"] == "pong"

    await merged(browser)
    await socket.send(type="ping")

    assert await closed_with(socket) == consumers.CLOSE_RENEW


async def test_other_conversations_of_the_profile_stay_hidden(client, browser):
    other = await database_sync_to_async(open_browser)(client, browser.channel)
    await database_sync_to_async(other.say)("My secret order")

    @database_sync_to_async
    def join():
        agent = make_agent(browser.channel.account, role=Role.FULL)
        kept = Visitor.objects.get(pk=other.session.visitor_id)
        merge(browser, kept, agent)
        return agent

    agent = await join()
    socket, ready = await hello(browser)

    assert ready["conversation"] is None
    conversation = await database_sync_to_async(lambda: other.conversation)()
    await database_sync_to_async(agent_writes)(
        conversation, agent, "Your secret order is sent"
    )
    assert await socket.frames() == []
    await socket.leave()


async def test_desk_page_types_to_the_kept_profile(browser):
    await database_sync_to_async(browser.say)("Hello")
    conversation = await database_sync_to_async(lambda: browser.conversation)()
    desk = await database_sync_to_async(desk_socket)(browser.channel.account)
    async with desk:
        await desk.send(type="view", conversation=str(conversation.public_id))
        await desk.frames()
        await merged(browser)
        await desk.frames()
        socket, _ready = await hello(browser)
        await socket.frames()

        await desk.send(type="typing", active=True)

        assert await socket.frames("typing") == [{"type": "typing", "active": True}]
        await socket.leave()


def desk_socket(account):
    from django.conf import settings

    from tests.conversations.desk import signed_in
    from tests.factories import owner_of

    cookie = signed_in(owner_of(account)).cookies[settings.SESSION_COOKIE_NAME].value
    return Socket(
        "/ws/desk/",
        origin="http://testserver",
        cookie=f"{settings.SESSION_COOKIE_NAME}={cookie}",
    )


async def test_socket_of_an_erased_visitor_ends(browser):
    await database_sync_to_async(browser.say)("Hello")
    socket, _ready = await hello(browser)

    @database_sync_to_async
    def erase():
        agent = make_agent(browser.channel.account, role=Role.FULL)
        services.erase_visitor(visitor=browser.session.visitor, agent=agent)

    await erase()

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE
    answer = await database_sync_to_async(browser.get)("conversation")
    assert answer.status_code == 401


async def test_socket_that_missed_the_erasing_ends_with_its_next_message(
    browser, monkeypatch
):
    monkeypatch.setattr("conversations.publisher.publish_erased", print)
    socket, _ready = await hello(browser)
    await say(socket, "Hello")
    await socket.frames()

    @database_sync_to_async
    def erase():
        agent = make_agent(browser.channel.account, role=Role.FULL)
        services.erase_visitor(visitor=browser.session.visitor, agent=agent)

    await erase()
    await socket.send(type="message", client_id=new_id(), text="Still there?")

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE
    assert not await database_sync_to_async(Visitor.objects.exists)()
