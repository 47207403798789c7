import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from channels_integration.website import consumers, services, steps
from conversations import services as conversations
from supportdesk.accounts import presence
from supportdesk.accounts import services as accounts
from tests.channels_integration.browser import (
    FOREIGN,
    SHOP,
    new_id,
    open_browser,
    texts_of,
)
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    owner_of,
)
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)

ERROR = {"type": "error", "code": "bad_request"}


def dial(origin=SHOP):
    headers = {"origin": origin} if origin else {}
    return Socket("/ws/widget/", **headers)


async def hello(browser, after=None):
    """A socket that has said who it is, and what it was told."""
    socket = dial()
    assert await socket.connect() is None
    await socket.send(type="hello", token=browser.token, after=after)
    ready = await receive(socket)
    assert ready["type"] == "ready"
    return socket, ready


async def receive(socket):
    return json.loads((await socket.receive_output(5))["text"])


async def closed_with(socket):
    output = await socket.receive_output(5)
    while output["type"] != "websocket.close":
        output = await socket.receive_output(5)
    return output["code"]


async def say(socket, text, client_id=""):
    """Send a message and return its ack, passing by what is pushed meanwhile."""
    client_id = client_id or new_id()
    await socket.send(type="message", client_id=client_id, text=text)
    return await until(socket, {"ack", "nack"})


async def until(socket, kinds):
    while True:
        frame = await receive(socket)
        if frame["type"] in kinds:
            return frame


async def silent(socket, kinds):
    """Whether none of these frames is on its way."""
    return not [frame for frame in await socket.frames() if frame["type"] in kinds]


async def test_message_is_acknowledged_and_answer_arrives(browser):
    socket, ready = await hello(browser)
    assert (ready["conversation"], ready["messages"]) == (None, [])

    ack = await say(socket, "Hello")
    conversation = await sync_to_async(lambda: browser.conversation)()
    agent = await sync_to_async(make_agent)(browser.channel.account)
    await sync_to_async(agent_writes)(conversation, agent, "Good morning!")

    assert ack["message"]["text"] == "Hello"
    assert ack["conversation"] == str(conversation.public_id)
    answers = []
    while len(answers) < 2:
        answers.append((await until(socket, {"message"}))["message"])
    # The own message is not told again to the socket it came by.
    assert [entry.get("text") for entry in answers] == [None, "Good morning!"]
    assert [ack["message"]["seq"], *(entry["seq"] for entry in answers)] == [1, 2, 3]
    await socket.leave()


async def test_same_client_id_on_two_tabs_is_one_message(browser):
    first, _ = await hello(browser)
    second, _ = await hello(browser)
    client_id = new_id()

    acks = await asyncio.gather(
        say(first, "Hello", client_id), say(second, "Hello", client_id)
    )

    assert acks[0]["message"] == acks[1]["message"]
    count = sync_to_async(lambda: browser.conversation.visitor_message_count)
    assert await count() == 1
    await first.leave()
    await second.leave()


async def test_hello_tells_what_came_after(browser):
    for number in range(3):
        await sync_to_async(browser.say)(f"Message {number}")

    socket, ready = await hello(browser, after=1)

    assert [entry["text"] for entry in ready["messages"]] == ["Message 1", "Message 2"]
    await socket.leave()


async def test_note_and_internal_events_never_reach_a_visitor(browser):
    socket, _ = await hello(browser)
    await say(socket, "Hello")
    conversation = await sync_to_async(lambda: browser.conversation)()
    owner = await sync_to_async(owner_of)(browser.channel.account)

    await sync_to_async(conversations.add_note)(
        conversation_id=conversation.pk, agent=owner, text="Secret note"
    )
    await sync_to_async(conversations.change_contact)(
        conversation_id=conversation.pk, agent=owner, name="Sofia"
    )
    await sync_to_async(conversations.note_offline)(conversation_id=conversation.pk)
    await sync_to_async(conversations.mark_missed)(
        conversation_id=conversation.pk, left_at=timezone.now()
    )
    await sync_to_async(agent_writes)(conversation, owner, "Public answer")

    told = json.dumps(await socket.frames())
    assert "Public answer" in told
    assert "Secret" not in told
    assert "offline" not in told
    assert "missed" not in told
    assert "contact" not in told
    assert owner.email not in told
    await socket.leave()


async def test_other_visitors_hear_nothing(browser):
    other = await sync_to_async(open_browser)(browser.client, browser.channel)
    await sync_to_async(other.say)("I am another")
    listening, _ = await hello(other)
    socket, _ = await hello(browser)

    await say(socket, "Hello")

    assert await silent(listening, {"message", "state", "typing"})
    await socket.leave()
    await listening.leave()


async def test_another_conversation_of_the_visitor_stays_out(browser):
    socket, _ = await hello(browser)
    await say(socket, "Hello")
    await silent(socket, set())

    def write_elsewhere():
        other = conversations.start_conversation(
            visitor=browser.session.visitor, channel=browser.channel
        )
        conversations.post_visitor_message(
            conversation_id=other.pk, channel=browser.channel, text="By mail"
        )

    await sync_to_async(write_elsewhere)()

    assert await silent(socket, {"message", "state"})
    await socket.leave()


async def test_conversation_begun_over_http_is_followed(browser):
    socket, _ = await hello(browser)

    await sync_to_async(browser.say)("From another tab")

    pushed = await until(socket, {"message"})
    assert pushed["message"]["text"] == "From another tab"
    await socket.leave()


async def test_resolving_is_told_and_the_next_message_may_begin_anew(browser):
    account = browser.channel.account
    account.reopen_window_days = 0
    await account.asave()
    socket, _ = await hello(browser)
    first = await say(socket, "Hello")
    conversation = await sync_to_async(lambda: browser.conversation)()
    owner = await sync_to_async(owner_of)(account)

    await sync_to_async(conversations.resolve_conversation)(
        conversation_id=conversation.pk, agent=owner
    )
    while (await until(socket, {"message"}))["message"].get("event") != "resolved":
        pass
    second = await say(socket, "Something new")

    assert second["conversation"] != first["conversation"]
    await socket.leave()


@pytest.mark.parametrize("origin", ["", "null", "file://", "javascript:alert(1)"])
async def test_without_a_web_origin_there_is_no_socket(origin):
    assert await dial(origin).connect() is not None


async def test_foreign_origin_is_closed_at_hello(browser):
    socket = dial(FOREIGN)
    await socket.connect()

    await socket.send(type="hello", token=browser.token, after=None)

    assert await closed_with(socket) == consumers.CLOSE_FOREIGN_ORIGIN


@pytest.mark.parametrize("token", ["", "0", " ", "x" * 43, "\u0000" * 43])
async def test_unknown_token_is_closed(token):
    socket = dial()
    await socket.connect()

    await socket.send(type="hello", token=token, after=None)

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE


async def test_revoking_cuts_the_socket(browser):
    socket, _ = await hello(browser)

    await sync_to_async(services.revoke_session)(session=browser.session)

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE


async def test_revoked_while_the_layer_was_down_ends_at_a_ping(browser, monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_PAUSE", 0.0)
    socket, _ = await hello(browser)
    browser.channel.is_active = False
    await browser.channel.asave()

    await socket.send(type="ping")

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE


async def test_message_after_revocation_is_not_taken(browser):
    socket, _ = await hello(browser)
    browser.channel.is_active = False
    await browser.channel.asave()

    await socket.send(type="message", client_id=new_id(), text="Hi")

    assert await closed_with(socket) == consumers.CLOSE_SESSION_GONE


async def test_without_hello_it_closes(monkeypatch):
    monkeypatch.setattr(consumers, "HELLO_TIMEOUT", 0.05)
    socket = dial()
    await socket.connect()

    assert await closed_with(socket) == consumers.CLOSE_NO_HELLO


ODD_FRAMES = [
    "",
    "x",
    "[]",
    "null",
    "1",
    "{}",
    '{"event": "base"}',
    '{"type": "base"}',
    '{"type": ["ping"]}',
    '{"type": {"a": 1}}',
    '{"type": "hello", "token": "x", "after": null}',
    '{"type": "message"}',
    '{"type": "message", "client_id": 1, "text": "x"}',
    '{"type": "message", "client_id": "6c1c8f4e-5b0a-4f0e-9d6e-0f3f1b0f7a11", "text": 1}',
    '{"type": "typing", "active": "yes"}',
    '{"type": "seen", "seq": "1"}',
    '{"type": "seen", "seq": true}',
    '{"type": "seen", "seq": NaN}',
    '{"type": "visitor.revoked", "session": 1}',
    '{"type":' * 10_000,
    "[" * 60_000,
    json.dumps({"type": "ping", "x": "x" * consumers.MAX_FRAME}),
]


@pytest.mark.parametrize("frame", ODD_FRAMES)
async def test_odd_frames_get_one_fixed_error(browser, frame):
    socket, _ = await hello(browser)

    await socket.send_text(frame)

    assert await receive(socket) == ERROR
    await socket.send(type="ping")
    assert await receive(socket) == {"type": "pong"}
    await socket.leave()


async def test_binary_frame_gets_the_same_error(browser):
    socket, _ = await hello(browser)

    await socket.send_bytes(b'{"type": "ping"}')

    assert await receive(socket) == ERROR
    await socket.leave()


@pytest.mark.parametrize("kind", ["ping", "message", "typing", "seen", "base"])
async def test_before_hello_everything_is_an_error(kind):
    socket = dial()
    await socket.connect()

    await socket.send(type=kind)

    assert await receive(socket) == ERROR
    await socket.leave()


async def test_nonsense_without_end_closes(browser):
    socket, _ = await hello(browser)

    for _ in range(consumers.MAX_BAD_FRAMES):
        await socket.send_text("x")

    assert await closed_with(socket) == consumers.CLOSE_NONSENSE


@pytest.mark.parametrize("text", ["", "x" * 10_001])
async def test_refused_message_is_answered_with_a_reason(browser, text):
    socket, _ = await hello(browser)

    nack = await say(socket, text)

    assert nack["type"] == "nack"
    assert nack["error"]["code"] == "refused"
    await socket.leave()


async def test_flood_is_slowed_not_lost(browser, settings):
    settings.WIDGET_RATE_FACTOR = 0.05
    socket, _ = await hello(browser)

    answers = [await say(socket, f"Message {number}") for number in range(4)]

    kinds = [answer["type"] for answer in answers]
    assert kinds == ["ack", "ack", "ack", "nack"]
    assert answers[-1]["error"]["code"] == "rate_limited"
    await socket.leave()


async def test_seen_and_typing_reach_the_desk(browser, monkeypatch):
    told = []
    monkeypatch.setattr(
        steps.publisher,
        "publish_typing_visitor",
        lambda conversation, active: told.append((conversation.pk, active)),
    )
    socket, _ = await hello(browser)
    await say(socket, "Hello")
    conversation = await sync_to_async(lambda: browser.conversation)()

    for active in (True, True, False, False):
        await socket.send(type="typing", active=active)
    await socket.send(type="seen", seq=1)
    await socket.send(type="ping")
    await until(socket, {"pong"})

    assert told == [(conversation.pk, True), (conversation.pk, False)]
    await conversation.arefresh_from_db()
    assert conversation.visitor_seen_seq == 1
    await socket.leave()


async def test_somebody_coming_online_is_told(client):
    account = await sync_to_async(make_account)()
    channel = await sync_to_async(make_channel)(account)
    browser = await sync_to_async(open_browser)(client, channel)
    socket, ready = await hello(browser)
    assert ready["online"] is False

    def arrive():
        presence.touch(account.pk, owner_of(account).pk, "test")
        accounts.announce_presence(account.pk)

    await sync_to_async(arrive)()

    assert await until(socket, {"online"}) == {
        "type": "online",
        "online": True,
        "back": None,
    }
    await socket.leave()


async def test_retry_after_the_next_conversation_began_is_acknowledged_only(browser):
    client_id = new_id()
    account = browser.channel.account
    account.reopen_window_days = 0
    await sync_to_async(account.save)()
    await sync_to_async(browser.say)("Hello", client_id)
    first = await sync_to_async(lambda: browser.conversation)()
    owner = await sync_to_async(owner_of)(account)
    await sync_to_async(conversations.resolve_conversation)(
        conversation_id=first.pk, agent=owner
    )
    await sync_to_async(browser.say)("Something else")
    socket, ready = await hello(browser)

    ack = await say(socket, "Hello", client_id)
    after = await say(socket, "And more")

    second = await sync_to_async(lambda: browser.conversation)()
    assert ack["conversation"] == str(first.public_id)
    assert after["conversation"] == ready["conversation"]["id"] == str(second.public_id)
    assert await sync_to_async(texts_of)(first) == ["Hello"]
    assert await sync_to_async(texts_of)(second) == ["Something else", "And more"]
    await socket.leave()
