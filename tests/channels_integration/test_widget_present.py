"""An open socket is a sign of life, which the process that holds it renews."""

import asyncio

import pytest
import redis.exceptions
from asgiref.sync import sync_to_async

from channels_integration.website import present, steps
from supportdesk.core import redis as desk_redis
from tests.channels_integration.browser import open_browser
from tests.channels_integration.test_widget_socket import dial, hello, until
from visitors import here

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("visitors.here.time.time", clock)
    return clock


@sync_to_async
def is_here(browser):
    visitor_id = browser.session.visitor_id
    return visitor_id in here.among(browser.channel.account_id, [visitor_id])


@sync_to_async
def lose_redis(browser):
    desk_redis.client().delete(desk_redis.key("here", browser.channel.account_id))


async def connect(browser):
    """A socket whose sign of life is given: what it says is done one after another."""
    socket, _ready = await hello(browser)
    await socket.send(type="ping")
    await until(socket, {"pong"})
    return socket


async def test_visitor_is_here_from_hello_to_the_end_of_the_socket(browser):
    before = await is_here(browser)
    socket = await connect(browser)
    during = await is_here(browser)
    await socket.leave()

    assert (before, during, await is_here(browser)) == (False, True, False)


async def test_socket_without_hello_is_nobody(browser):
    async with dial():
        assert not await is_here(browser)


async def test_visitor_stays_while_another_tab_is_open(browser, client):
    other = await sync_to_async(open_browser)(client, browser.channel)
    first, second = await connect(browser), await connect(browser)
    stranger = await connect(other)

    await first.leave()
    one_left = await is_here(browser)
    await second.leave()

    assert (one_left, await is_here(browser), await is_here(other)) == (
        True,
        False,
        True,
    )
    await stranger.leave()
    assert present._sockets == {}
    assert present._renewal is None


async def test_visitor_grows_old_unless_the_process_renews(browser, clock):
    socket = await connect(browser)
    clock.now += here.SOCKET_GRACE + 1
    old = await is_here(browser)

    await present.renew_all()

    assert (old, await is_here(browser)) == (False, True)
    await socket.leave()


async def test_renewals_are_frequent_enough_to_miss_one():
    assert 2 * here.RENEWAL < here.SOCKET_GRACE


async def test_renewal_comes_by_itself_and_costs_a_round_trip_per_account(
    browser, client, monkeypatch
):
    monkeypatch.setattr(here, "RENEWAL", 0.01)
    renewed = asyncio.Queue()
    loop = asyncio.get_running_loop()
    account_id = browser.channel.account_id
    others = [
        await sync_to_async(open_browser)(client, browser.channel),
        await sync_to_async(open_browser)(client),
    ]
    sockets = [await connect(one) for one in (browser, *others)]
    monkeypatch.setattr(
        here,
        "renew",
        lambda account, visitors: loop.call_soon_threadsafe(
            renewed.put_nowait, (account, sorted(visitors))
        ),
    )

    rounds = [await asyncio.wait_for(renewed.get(), 5) for _ in range(6)]

    mine = sorted([browser.session.visitor_id, others[0].session.visitor_id])
    theirs = (others[1].channel.account_id, [others[1].session.visitor_id])
    assert sorted(rounds[-4:]) == sorted([(account_id, mine), theirs] * 2)
    for socket in sockets:
        await socket.leave()


async def test_visitor_is_here_again_after_a_loss_of_redis(browser):
    socket = await connect(browser)
    await lose_redis(browser)
    lost = await is_here(browser)

    await present.renew_all()

    assert (lost, await is_here(browser)) == (False, True)
    await socket.leave()


@pytest.mark.parametrize("error", [redis.exceptions.ConnectionError, RuntimeError])
async def test_renewal_outlives_errors(browser, monkeypatch, error):
    monkeypatch.setattr(here, "RENEWAL", 0.01)
    socket = await connect(browser)
    renew, tries = here.renew, []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail_twice(account_id, visitor_ids):
        tries.append(account_id)
        if len(tries) <= 2:
            raise error("gone")
        renew(account_id, visitor_ids)
        loop.call_soon_threadsafe(done.set)

    await lose_redis(browser)
    monkeypatch.setattr(here, "renew", fail_twice)
    await asyncio.wait_for(done.wait(), 5)

    assert await is_here(browser)
    await socket.leave()


async def test_dead_redis_keeps_nobody_from_the_chat(browser, monkeypatch):
    def dead(*args):
        raise redis.exceptions.ConnectionError("gone")

    monkeypatch.setattr(here, "renew", dead)
    monkeypatch.setattr(here, "leave", dead)

    socket = await connect(browser)
    await socket.leave()

    assert present._sockets == {}


async def test_dead_redis_is_asked_once_a_round(monkeypatch):
    asked = []

    def dead(account_id, visitor_ids):
        asked.append(account_id)
        raise redis.exceptions.TimeoutError("gone")

    monkeypatch.setattr(here, "renew", dead)

    present._renew_each({1: [1], 2: [2], 3: [3]})

    assert asked == [1]


async def test_socket_that_fails_counts_no_longer(browser, monkeypatch):
    """An error ends the socket without the usual goodbye."""
    await sync_to_async(browser.say)("Hello")
    socket = await connect(browser)

    def broken(*args):
        raise RuntimeError("a defect")

    monkeypatch.setattr(steps, "mark_thread_seen", broken)
    await socket.send(type="seen", seq=1)
    with pytest.raises(RuntimeError):
        await socket.wait(2)

    assert not await is_here(browser)
    assert present._sockets == {}


async def test_next_page_that_comes_while_the_last_one_goes_is_here(browser):
    """In whichever order the two reach Redis."""
    visitor = (browser.channel.account_id, browser.session.visitor_id)
    socket = await connect(browser)
    # The sign of the new page is given, then the old one's end arrives.
    await sync_to_async(present._take_out)(*visitor)

    assert await is_here(browser)
    await socket.leave()
