import time

import pytest

from supportdesk.core import redis as desk_redis
from tests.factories import make_account, make_visitor, put_on_website
from visitors import live
from visitors.live import GRACE, KEPT, LEFT_GRACE, LivePage
from visitors.services import delete_profile

ACCOUNT, OTHER = 1, 2
MILL = LivePage("https://shop.example.com/mill", "The mill", 5, 6)
BASKET = LivePage("https://shop.example.com/basket", "Basket", 5, 6)


@pytest.fixture
def clock(monkeypatch):
    """Time that goes on only when it is told to."""

    class Clock:
        now = time.time()

    monkeypatch.setattr("visitors.live.time.time", lambda: Clock.now)
    return Clock


def kept():
    client = desk_redis.client()
    return (
        client.zrange(desk_redis.key("live", ACCOUNT), 0, -1),
        client.hkeys(desk_redis.key("live-pages", ACCOUNT)),
    )


def test_who_came_last_is_first_whoever_moves():
    for visit in (9, 10, 11):
        live.touch(ACCOUNT, visit, MILL)
    live.touch(ACCOUNT, 9, BASKET)

    assert live.online(ACCOUNT) == [11, 10, 9]


def test_accounts_do_not_meet():
    live.touch(ACCOUNT, 7, MILL)

    assert live.online(OTHER) == []
    assert live.pages_of(OTHER, [7]) == {}


def test_sign_of_life_keeps_the_page():
    live.touch(ACCOUNT, 7, MILL)
    live.touch(ACCOUNT, 7)

    assert live.pages_of(ACCOUNT, [7, 8]) == {7: MILL}


def test_next_page_replaces_the_one_before():
    live.touch(ACCOUNT, 7, MILL)
    live.touch(ACCOUNT, 7, BASKET)

    assert live.pages_of(ACCOUNT, [7]) == {7: BASKET}


def test_nobody_has_no_pages():
    assert live.pages_of(ACCOUNT, []) == {}


def test_silence_ends_it(clock):
    live.touch(ACCOUNT, 7, MILL)

    clock.now += GRACE - 1
    assert live.online(ACCOUNT) == [7]
    clock.now += 2
    assert live.online(ACCOUNT) == []


def test_sign_of_life_may_count_for_longer(clock):
    live.touch(ACCOUNT, 7, MILL, stays=3600)

    clock.now += 3600 + GRACE - 1
    assert live.online(ACCOUNT) == [7]
    clock.now += 2
    assert live.online(ACCOUNT) == []


def test_who_leaves_stays_for_a_moment(clock):
    live.touch(ACCOUNT, 7, MILL)

    live.leave(ACCOUNT, 7)
    assert live.online(ACCOUNT) == [7]
    clock.now += LEFT_GRACE + 1
    assert live.online(ACCOUNT) == []


def test_reload_does_not_interrupt(clock):
    live.touch(ACCOUNT, 7, MILL)
    live.leave(ACCOUNT, 7)
    live.touch(ACCOUNT, 7, MILL)

    clock.now += LEFT_GRACE + 1

    assert live.online(ACCOUNT) == [7]


def test_other_tab_brings_the_visitor_back(clock):
    live.touch(ACCOUNT, 7, MILL)
    live.leave(ACCOUNT, 7)
    clock.now += LEFT_GRACE + 1

    live.touch(ACCOUNT, 7)

    assert live.online(ACCOUNT) == [7]
    assert live.pages_of(ACCOUNT, [7]) == {7: MILL}


def test_leaving_twice_or_unknown_adds_nothing(clock):
    live.leave(ACCOUNT, 7)
    assert live.online(ACCOUNT) == []

    live.touch(ACCOUNT, 8, MILL)
    live.leave(ACCOUNT, 8)
    clock.now += LEFT_GRACE - 1
    live.leave(ACCOUNT, 8)
    clock.now += 2
    assert live.online(ACCOUNT) == []


def test_next_sign_of_life_takes_away_what_is_too_old(clock):
    live.touch(ACCOUNT, 7, MILL)
    clock.now += KEPT + 1

    live.touch(ACCOUNT, 8, MILL)

    assert kept() == (["8"], ["8"])


def test_what_is_forgotten_leaves_nothing():
    for visit in (7, 8):
        live.touch(ACCOUNT, visit, MILL)

    live.forget(ACCOUNT, [7])
    live.forget(ACCOUNT, [])

    assert kept() == (["8"], ["8"])


@pytest.mark.django_db
def test_erased_visitor_leaves_nothing(django_capture_on_commit_callbacks):
    visitor = make_visitor(make_account())
    visit = put_on_website(visitor)

    with django_capture_on_commit_callbacks(execute=True):
        delete_profile(profile=visitor)

    assert live.online(visitor.account_id) == []
    assert live.pages_of(visitor.account_id, [visit.pk]) == {}
