"""A blocked visitor or address gets nothing from the widget's side, and says nothing."""

import pytest
from channels.db import database_sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver, reverse

from channels_integration.website import consumers
from conversations import services as conversations
from conversations.models import Attachment, Message
from supportdesk.accounts.models import Role
from tests.channels_integration.browser import FOREIGN, PNG, SHOP, new_id, open_browser
from tests.channels_integration.test_widget_socket import (
    closed_with,
    dial,
    hello,
    receive,
    say,
)
from tests.factories import agent_writes, make_account, make_agent, make_channel
from tests.test_architecture import views
from visitors import blocks, services
from visitors.models import PageView, Visitor

HERE = "203.0.113.7"


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(blocks, "REMEMBERED", 0)
    monkeypatch.setattr(blocks, "AGE", 0)


def block_visitor(browser):
    return services.block_visitor(visitor=browser.session.visitor, agent=None)


def block_network(browser, network):
    return services.block_network(
        account=browser.channel.account, agent=None, network=network
    )


def token_requests(browser):
    """Every endpoint that takes a token, as this browser would call it."""
    page = {"url": f"{SHOP}/secret", "title": "Secret", "ago": 0}
    upload = SimpleUploadedFile("a.png", PNG, "image/png")
    return {
        "conversation": lambda: browser.get("conversation"),
        "messages": lambda: browser.say("Hello"),
        "files": lambda: browser.client.post(
            "/widget/files",
            {"client_id": new_id(), "file": upload},
            headers=browser.headers(),
        ),
        "contact": lambda: browser.post(
            "contact", {"name": "Lena", "message": "Hi", "client_id": new_id()}
        ),
        "seen": lambda: browser.post("seen", {"seq": 1}),
        "rating": lambda: browser.post("rating", {"rating": 5}),
        "transcript": lambda: browser.post("transcript", {"email": "a@example.com"}),
        "visit": lambda: browser.post(
            "visit", {"token": browser.token, "pages": [page]}
        ),
        "file": lambda: browser.get(f"files/{new_id()}"),
        "picture": lambda: browser.get(f"agents/{new_id()}/picture"),
    }


def config(browser, **headers):
    return browser.client.get(
        f"/widget/config?key={browser.channel.public_key}",
        headers={"Origin": SHOP} | headers,
    )


def refusal(response):
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", token_requests(None))
def test_blocked_visitor_is_refused_by_every_endpoint_with_a_token(browser, name):
    browser.say("Before")
    stored = Message.objects.count()
    block_visitor(browser)

    response = token_requests(browser)[name]()

    assert refusal(response) == (403, "blocked")
    # The page's script must be able to read why.
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert Message.objects.count() == stored
    assert not PageView.objects.exists()
    assert not Attachment.objects.exists()
    assert Visitor.objects.get().name == ""


def endpoints():
    """Names of all that the widget asks with a token: what is added later, too."""
    return sorted(
        name
        for name, view in views(get_resolver().url_patterns)
        if name.startswith("website:") and getattr(view, "csrf_exempt", False)
        if name not in {"website:config", "website:session"}
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", endpoints())
def test_no_endpoint_was_forgotten(browser, name):
    block_visitor(browser)
    named = name in {"website:file", "website:picture"}
    path = reverse(name, args=[new_id()] if named else []).removeprefix("/widget/")

    answers = [browser.get(path), browser.post(path, {"token": browser.token})]

    assert [refusal(answer) for answer in answers if answer.status_code != 405] == [
        (403, "blocked")
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("network", [f"{HERE}/32", "203.0.113.0/24"])
def test_blocked_address_gets_no_widget_and_no_session(browser, network):
    browser.client.defaults["REMOTE_ADDR"] = HERE
    block_network(browser, network)

    opened = browser.post("session", {"key": browser.channel.public_key})

    assert refusal(config(browser)) == (403, "blocked")
    assert refusal(opened) == (403, "blocked")
    assert refusal(browser.get("conversation")) == (403, "blocked")
    assert Visitor.objects.count() == 1


@pytest.mark.django_db
def test_mapped_address_is_the_address(browser):
    browser.client.defaults["REMOTE_ADDR"] = f"::ffff:{HERE}"
    block_network(browser, HERE)

    assert refusal(config(browser)) == (403, "blocked")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forwarded", ["198.51.100.1", "127.0.0.1", f"198.51.100.1, {HERE}", "nonsense", ","]
)
def test_forged_header_helps_nobody(browser, forwarded):
    browser.client.defaults["REMOTE_ADDR"] = HERE
    block_network(browser, HERE)
    headers = {"X-Forwarded-For": forwarded, "X-Real-IP": "198.51.100.1"}

    assert refusal(config(browser, **headers)) == (403, "blocked")
    assert refusal(browser.get("conversation", **headers)) == (403, "blocked")


@pytest.mark.django_db
def test_forged_header_blocks_nobody_else(browser):
    browser.client.defaults["REMOTE_ADDR"] = "198.51.100.1"
    block_network(browser, HERE)

    assert config(browser, **{"X-Forwarded-For": HERE}).status_code == 200


@pytest.mark.django_db
def test_behind_a_trusted_proxy_the_visitor_is_blocked_not_the_proxy(browser, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    browser.client.defaults["REMOTE_ADDR"] = "10.0.0.2"
    block_network(browser, HERE)

    assert refusal(config(browser, **{"X-Forwarded-For": HERE})) == (403, "blocked")
    # What the proxy adds stands last; the visitor's own lie stands before it.
    lie = {"X-Forwarded-For": f"198.51.100.1, {HERE}"}
    assert refusal(config(browser, **lie)) == (403, "blocked")
    other = {"X-Forwarded-For": f"{HERE}, 198.51.100.1"}
    assert config(browser, **other).status_code == 200


@pytest.mark.django_db
def test_foreign_page_does_not_learn_of_the_block(browser):
    block_visitor(browser)
    browser.origin = FOREIGN

    response = browser.get("conversation")

    assert refusal(response) == (403, "foreign_origin")
    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.django_db
def test_other_visitors_and_accounts_go_on(client, browser):
    other = open_browser(client, browser.channel)
    foreign = open_browser(client, make_channel(make_account("Other")))
    block_visitor(browser)
    block_network(browser, HERE)
    client.defaults["REMOTE_ADDR"] = "198.51.100.1"

    assert other.say("Hello").status_code == 201
    client.defaults["REMOTE_ADDR"] = HERE
    assert foreign.say("Hello").status_code == 201


@pytest.mark.django_db
def test_blocked_part_of_a_profile_is_blocked_as_the_profile(client, browser):
    kept = open_browser(client, browser.channel)
    agent = make_agent(browser.channel.account, role=Role.FULL)
    conversations.merge_visitors(
        kept=kept.session.visitor, merged=browser.session.visitor, agent=agent
    )

    block_visitor(kept)

    assert refusal(browser.get("conversation")) == (403, "blocked")
    services.unblock_visitor(visitor=kept.session.visitor)
    assert browser.get("conversation").status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_open_socket_of_a_blocked_visitor_closes_at_once(client, browser):
    other = await database_sync_to_async(open_browser)(client, browser.channel)
    socket, _ready = await hello(browser)
    bystander, _ready = await hello(other)

    await database_sync_to_async(block_visitor)(browser)

    assert await closed_with(socket) == consumers.CLOSE_BLOCKED
    assert await bystander.frames() == []
    await bystander.leave()


@pytest.mark.django_db(transaction=True)
async def test_open_sockets_from_a_blocked_range_close_at_once(browser):
    socket, _ready = await hello(browser)
    await database_sync_to_async(block_network)(browser, "198.51.100.0/24")
    assert await socket.frames() == []

    await database_sync_to_async(block_network)(browser, "203.0.113.0/24")

    assert await closed_with(socket) == consumers.CLOSE_BLOCKED


@pytest.mark.django_db(transaction=True)
async def test_blocked_visitor_opens_no_socket(browser):
    await database_sync_to_async(block_visitor)(browser)
    socket = dial()
    assert await socket.connect() is None

    await socket.send(type="hello", token=browser.token, after=None)

    assert await closed_with(socket) == consumers.CLOSE_BLOCKED


@pytest.mark.django_db(transaction=True)
async def test_socket_that_missed_the_block_ends_with_its_next_message(
    browser, monkeypatch
):
    monkeypatch.setattr("conversations.publisher.publish_blocked", print)
    socket, _ready = await hello(browser)
    await say(socket, "Before")
    await socket.frames()
    await database_sync_to_async(block_visitor)(browser)

    await socket.send(type="message", client_id=new_id(), text="After")

    assert await closed_with(socket) == consumers.CLOSE_BLOCKED
    texts = Message.objects.filter(kind="message").values_list("text", flat=True)
    assert await database_sync_to_async(list)(texts) == ["Before"]


@pytest.mark.django_db(transaction=True)
async def test_silent_socket_that_missed_the_block_ends_with_a_ping(
    browser, monkeypatch
):
    monkeypatch.setattr("conversations.publisher.publish_blocked", print)
    monkeypatch.setattr(consumers, "CHECK_PAUSE", 0)
    socket, _ready = await hello(browser)
    await socket.send(type="ping")
    assert (await receive(socket))["type"] == "pong"
    await database_sync_to_async(block_network)(browser, HERE)

    await socket.send(type="ping")

    assert await closed_with(socket) == consumers.CLOSE_BLOCKED


@pytest.mark.django_db(transaction=True)
async def test_blocked_visitor_hears_no_answers(browser):
    await database_sync_to_async(browser.say)("Hello")
    socket, _ready = await hello(browser)
    await database_sync_to_async(block_visitor)(browser)
    await closed_with(socket)

    @database_sync_to_async
    def answer():
        agent = make_agent(browser.channel.account)
        agent_writes(browser.conversation, agent, "Secret answer")

    await answer()

    assert await socket.frames() == []


@pytest.mark.django_db(transaction=True)
async def test_typing_of_a_lifted_block_goes_on(browser):
    await database_sync_to_async(block_visitor)(browser)
    await database_sync_to_async(services.unblock_visitor)(
        visitor=browser.session.visitor
    )

    socket, ready = await hello(browser)

    assert ready["conversation"] is None
    assert (await say(socket, "Hello again"))["type"] == "ack"
    await socket.leave()
