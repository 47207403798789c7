"""Outside business hours the website is offline, but not for who is being answered."""

from datetime import UTC, datetime, time

import pytest
from asgiref.sync import sync_to_async

from channels_integration.website import availability
from conversations import publisher
from conversations import services as conversations
from supportdesk.accounts import hours
from supportdesk.accounts import services as accounts
from supportdesk.accounts.services import presence as announcing
from supportdesk.core import redis
from tests.channels_integration.browser import SHOP, new_id, open_browser, put_online
from tests.channels_integration.test_widget_socket import hello, say, silent, until
from tests.factories import agent_writes, make_account, make_agent, make_channel

pytestmark = pytest.mark.django_db

OPEN = datetime(2024, 11, 27, 12, tzinfo=UTC)
CLOSED = datetime(2024, 11, 27, 20, tzinfo=UTC)
BACK = "2024-11-28T09:00:00+01:00"
ONLINE, OFFLINE = {"online": True, "back": None}, {"online": False, "back": BACK}


class Clock:
    now = CLOSED


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    hours.forget()
    clock = Clock()
    for module in (availability, publisher, announcing):
        monkeypatch.setattr(module.timezone, "now", lambda: clock.now)
    yield clock
    hours.forget()


@pytest.fixture
def browser(client):
    """Somebody writes from nine to five; the owner is online all day long."""
    account = make_account()
    accounts.set_business_hours(
        account=account,
        is_on=True,
        time_zone="Europe/Berlin",
        week=[[(time(9), time(17))]] * 7,
        holidays=[],
    )
    put_online(account)
    return open_browser(client, make_channel(account))


def config(browser):
    answer = browser.client.get(
        f"/widget/config?key={browser.channel.public_key}", headers={"Origin": SHOP}
    ).json()
    return {name: answer[name] for name in ("online", "back", "agents")}


def told(browser):
    thread = browser.get("conversation").json()
    return {name: thread[name] for name in ("online", "back")}


def take_on(browser):
    """The visitor writes and the owner answers, who so joins."""
    browser.say("Hello")
    agent = make_agent(browser.channel.account)
    agent_writes(browser.conversation, agent)
    return agent


def test_new_visitor_is_told_when_somebody_is_back(browser, clock):
    closed = config(browser)
    clock.now = OPEN
    opened = config(browser)

    assert closed == OFFLINE | {"agents": []}
    assert (opened["online"], opened["back"]) == (True, None)
    assert [agent["name"] for agent in opened["agents"]] == ["Olga"]


def test_nobody_there_within_the_hours_is_offline_without_a_time(browser, clock):
    clock.now = OPEN
    redis.client().delete(redis.key("presence", browser.channel.account_id))

    assert config(browser) == {"online": False, "back": None, "agents": []}


def test_conversation_that_nobody_took_on_is_offline_too(browser):
    before = told(browser)
    browser.say("Hello")

    assert before == OFFLINE
    assert told(browser) == OFFLINE


def test_running_conversation_goes_by_the_agents_presence_alone(browser):
    take_on(browser)
    running = told(browser)["online"]
    redis.client().delete(redis.key("presence", browser.channel.account_id))
    availability.cache.clear()
    alone = told(browser)["online"]

    assert (running, alone) == (True, False)


@pytest.mark.parametrize("end", ["resolved", "unassigned"])
def test_conversation_that_ended_is_offline_again(browser, end):
    agent = take_on(browser)
    pk = browser.conversation.pk
    if end == "resolved":
        conversations.resolve_conversation(conversation_id=pk, agent=agent)
    else:
        conversations.unassign_conversation(conversation_id=pk, agent=agent, by=agent)

    assert told(browser) == OFFLINE


def test_hours_of_another_account_do_not_matter(client, browser):
    other = make_account("Another")
    put_online(other)
    stranger = open_browser(client, make_channel(other))

    assert told(stranger) == ONLINE


@pytest.mark.parametrize(
    ("now", "errors"), [(CLOSED, {"email"}), (OPEN, None)], ids=["closed", "open"]
)
def test_form_needs_an_address_outside_the_hours(browser, clock, now, errors):
    clock.now = now

    response = browser.post("contact", {"message": "Hi", "client_id": new_id()})

    assert response.status_code == (422 if errors else 201)
    assert set(response.json().get("errors", ())) == (errors or set())


def test_form_needs_none_while_the_conversation_runs(browser):
    take_on(browser)

    response = browser.post("contact", {"message": "Hi", "client_id": new_id()})

    assert response.status_code == 201


def test_hours_cost_no_query_while_they_are_remembered(
    browser, django_assert_num_queries
):
    account_id = browser.channel.account_id
    availability.availability_of(account_id)

    with django_assert_num_queries(0):
        found = availability.availability_of(account_id)

    assert found == availability.Availability(True, False, BACK)


# By socket


def announce(browser):
    accounts.announce_presence(browser.channel.account_id)


async def told_after(socket, before):
    """What is told next; what was under way may say once more what was so before."""
    frame = {"type": "online", **before}
    while frame == {"type": "online", **before}:
        frame = await until(socket, {"online"})
    return frame


@pytest.mark.django_db(transaction=True)
async def test_opening_and_closing_reach_the_socket(browser, clock):
    socket, ready = await hello(browser)
    for now, before, after in ((OPEN, OFFLINE, ONLINE), (CLOSED, ONLINE, OFFLINE)):
        clock.now = now
        await sync_to_async(announce)(browser)
        assert await told_after(socket, before) == {"type": "online", **after}

    assert (ready["online"], ready["back"]) == (False, BACK)
    await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_closing_leaves_a_running_conversation_online(browser, clock, client):
    clock.now = OPEN
    other = await sync_to_async(open_browser)(client, browser.channel)
    await sync_to_async(take_on)(browser)
    await sync_to_async(announce)(browser)
    running, _ = await hello(browser)
    new, _ = await hello(other)

    clock.now = CLOSED
    await sync_to_async(announce)(browser)

    assert (await until(running, {"online"}))["online"] is True
    assert await told_after(new, ONLINE) == {"type": "online", **OFFLINE}
    await running.leave()
    await new.leave()


@pytest.mark.django_db(transaction=True)
async def test_taking_on_and_resolving_are_told_by_the_socket_that_is_open(browser):
    socket, _ = await hello(browser)
    await say(socket, "Hello")
    still_offline = await silent(socket, {"online"})

    agent = await sync_to_async(make_agent)(browser.channel.account)
    conversation = await sync_to_async(lambda: browser.conversation)()
    await sync_to_async(agent_writes)(conversation, agent)
    taken_on = await until(socket, {"online"})
    await sync_to_async(agent_writes)(conversation, agent, "And more")
    told_once = await silent(socket, {"online"})
    await sync_to_async(conversations.resolve_conversation)(
        conversation_id=conversation.pk, agent=agent
    )

    assert (still_offline, taken_on["online"], told_once) == (True, True, True)
    assert await until(socket, {"online"}) == {"type": "online", **OFFLINE}
    await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_telling_the_hours_costs_no_query_per_socket(
    browser, clock, client, monkeypatch
):
    others = [await sync_to_async(open_browser)(client, browser.channel) for _ in "12"]
    sockets = [(await hello(one))[0] for one in (browser, *others)]
    asked = []
    monkeypatch.setattr(
        "channels_integration.website.consumers.in_thread",
        lambda step: asked.append(step),
    )

    clock.now = OPEN
    await sync_to_async(announce)(browser)

    for socket in sockets:
        assert await told_after(socket, OFFLINE) == {"type": "online", **ONLINE}
    assert asked == []
    monkeypatch.undo()
    for socket in sockets:
        await socket.leave()
