"""Reachability over several devices, with the clock in the test's hand."""

from datetime import UTC, datetime, time

import pytest

from supportdesk.accounts import presence, services, tasks
from supportdesk.accounts.events import PresenceChanged, presence_changed
from supportdesk.accounts.models import Presence
from supportdesk.core import redis
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("supportdesk.accounts.presence.time.time", clock)
    return clock


@pytest.fixture
def agent():
    return make_agent(make_account())


def is_there(agent):
    return agent.pk in presence.reachable_ids(agent.account_id)


def test_grace_after_the_last_sign_of_life(clock, agent):
    presence.touch(agent.account_id, agent.pk, "laptop")
    clock.now += presence.GRACE
    still = is_there(agent)
    clock.now += 0.1

    assert (still, is_there(agent)) == (True, False)


def test_one_living_device_is_enough(clock, agent):
    presence.touch(agent.account_id, agent.pk, "laptop")
    presence.touch(agent.account_id, agent.pk, "phone")
    clock.now += presence.GRACE + 1
    presence.touch(agent.account_id, agent.pk, "phone")

    assert is_there(agent)
    presence.forget(agent.account_id, agent.pk, "phone")
    assert not is_there(agent)


def test_forgetting_one_device_leaves_the_other(clock, agent):
    presence.touch(agent.account_id, agent.pk, "laptop")
    presence.touch(agent.account_id, agent.pk, "phone")

    presence.forget(agent.account_id, agent.pk, "phone")

    assert is_there(agent)


def test_switching_off_forgets_every_device_and_nobody_else(clock, agent):
    owner = owner_of(agent.account)
    for device in ("laptop", "phone"):
        presence.touch(agent.account_id, agent.pk, device)
    presence.touch(agent.account_id, owner.pk, "laptop")

    services.change_access(agent=agent, by=owner, is_active=False)

    assert presence.reachable_ids(agent.account_id) == {owner.pk}
    assert presence.states(agent.account_id) == {owner.pk: "online"}


def test_switch_says_what_a_reachable_agent_is(clock, agent):
    presence.touch(agent.account_id, agent.pk, "laptop")
    owner = owner_of(agent.account)
    seen = []
    for choice in Presence.values:
        services.set_presence(agent=agent, presence=choice)
        seen.append(presence.states(agent.account_id))

    assert seen == [{agent.pk: choice, owner.pk: "offline"} for choice in Presence]


def test_other_accounts_are_unknown(clock, agent):
    stranger = make_agent(make_account("Another"))
    presence.touch(stranger.account_id, stranger.pk, "laptop")

    assert presence.states(agent.account_id)[agent.pk] == "offline"
    assert presence.reachable_ids(agent.account_id) == set()


def test_online_for_a_group_means_a_member_or_somebody_in_no_group(clock):
    account = make_account()
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    seller = make_agent(account, groups=(sales,))
    presence.touch(account.pk, seller.pk, "laptop")

    def answers():
        return [
            presence.is_online(account.pk, group)
            for group in (None, sales.pk, repairs.pk)
        ]

    with_seller = answers()
    presence.touch(account.pk, owner_of(account).pk, "laptop")
    with_owner = answers()
    for agent in (seller, owner_of(account)):
        services.set_presence(agent=agent, presence=Presence.AWAY)

    assert with_seller == [True, True, False]
    assert with_owner == [True, True, True]
    assert answers() == [False, False, False]


def test_news_is_announced_once(clock, agent, django_capture_on_commit_callbacks):
    told = []

    def note(event, **kwargs):
        told.append(event)

    presence_changed.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            presence.touch(agent.account_id, agent.pk, "laptop")
            first = [services.announce_presence(agent.account_id) for _ in range(3)]
            clock.now += presence.GRACE + 1
            gone = [services.announce_presence(agent.account_id) for _ in range(3)]
    finally:
        presence_changed.disconnect(note)

    assert (first, gone) == ([True, False, False], [True, False, False])
    assert told == [PresenceChanged(account_id=agent.account_id)] * 2


def test_beginning_and_end_of_business_hours_are_announced_once(agent):
    services.set_business_hours(
        account=agent.account,
        is_on=True,
        time_zone="Europe/Berlin",
        week=[[(time(9), time(17))]] * 7,
        holidays=[],
    )

    news = [
        services.announce_presence(
            agent.account_id, datetime(2024, 11, 25, *at, tzinfo=UTC)
        )
        for at in ((7, 59), (7, 59), (8, 0), (8, 1), (16, 0), (16, 1))
    ]

    assert news == [True, False, True, False, True, False]


@pytest.mark.parametrize(("hour", "expected"), [(12, 0), (18, 1)])
def test_hours_that_close_the_desk_are_announced_with_their_change(
    agent, monkeypatch, django_capture_on_commit_callbacks, hour, expected
):
    now = datetime(2024, 11, 25, hour, tzinfo=UTC)
    monkeypatch.setattr(
        "supportdesk.accounts.services.presence.timezone.now", lambda: now
    )
    told = []

    def note(event, **kwargs):
        told.append(event)

    services.announce_presence(agent.account_id)
    presence_changed.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.set_business_hours(
                account=agent.account,
                is_on=True,
                time_zone="Europe/Berlin",
                week=[[(time(9), time(17))]] * 7,
                holidays=[],
            )
    finally:
        presence_changed.disconnect(note)

    assert told == [PresenceChanged(account_id=agent.account_id)] * expected


def test_old_signs_of_life_do_not_pile_up(clock, agent):
    for number in range(20):
        presence.touch(agent.account_id, agent.pk, f"device {number}")
        clock.now += presence.GRACE

    assert redis.client().zcard(redis.key("presence", agent.account_id)) == 2


def test_online_are_the_active_who_are_reachable_and_say_so(clock):
    account = make_account()
    anna, away, switched_off, absent = (
        make_agent(account, name) for name in ("Anna", "Jonas", "Mira", "Piet")
    )
    stranger = make_agent(make_account("Another"))
    for agent in (anna, away, switched_off):
        presence.touch(account.pk, agent.pk, "laptop")
    presence.touch(stranger.account_id, stranger.pk, "laptop")
    services.set_presence(agent=away, presence=Presence.AWAY)
    # Without the service, which also forgets the devices.
    type(switched_off).objects.filter(pk=switched_off.pk).update(is_active=False)

    assert presence.online_ids(account.pk) == {anna.pk}
    assert absent.pk not in presence.online_ids(account.pk)


# After a loss of Redis


def lose_redis():
    """As a restart without its data; the keys of this run only."""
    client = redis.client()
    for key in client.scan_iter(redis.key("*")):
        client.delete(key)


def test_empty_redis_is_settled_after_every_device_had_its_turn(clock):
    begun = presence.is_settled()
    clock.now += presence.SETTLING - 0.1
    nearly = presence.is_settled()
    clock.now += 0.1
    settled = presence.is_settled()
    lose_redis()

    assert (begun, nearly, settled) == (False, False, True)
    assert presence.is_settled() is False
    assert presence.SETTLING > presence.HEARTBEAT


def test_pause_in_which_nobody_asked_is_not_taken_for_calm(clock):
    """Signs of life may have got lost meanwhile, in whatever was down."""
    presence.is_settled()
    clock.now += presence.SETTLING
    settled = presence.is_settled()

    expires = redis.client().ttl(redis.key("presence-since"))

    assert settled
    assert presence.GRACE - 5 < expires <= presence.GRACE


def test_clock_that_was_ahead_is_not_waited_for(clock):
    clock.now += 86_400
    presence.is_settled()
    clock.now -= 86_400

    begun = presence.is_settled()
    clock.now += presence.SETTLING

    assert (begun, presence.is_settled()) == (False, True)


def test_who_is_there_is_known_again_a_heartbeat_after_redis_was_emptied(clock, agent):
    presence.touch(agent.account_id, agent.pk, "laptop")
    lose_redis()
    lost = presence.online_ids(agent.account_id)
    clock.now += presence.HEARTBEAT
    presence.touch(agent.account_id, agent.pk, "laptop")

    assert lost == set()
    assert presence.online_ids(agent.account_id) == {agent.pk}


def test_nobody_is_announced_as_gone_by_a_redis_that_was_just_emptied(clock, agent):
    told = []

    def note(event, **kwargs):
        told.append(event)

    presence.touch(agent.account_id, agent.pk, "laptop")
    services.announce_presence(agent.account_id)
    lose_redis()
    presence_changed.connect(note)
    try:
        tasks.announce_presence()
        at_once = list(told)
        clock.now += presence.SETTLING
        presence.touch(agent.account_id, agent.pk, "laptop")
        tasks.announce_presence()
    finally:
        presence_changed.disconnect(note)

    assert at_once == []
    assert redis.client().get(redis.key("presence-announced", agent.account_id))


def test_device_name_gives_no_session_away():
    names = {presence.device_of("session-one"), presence.device_of("session-two")}

    assert len(names) == 2
    assert not any("session" in name for name in names)


# The switch


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"online": "on"}, "online"),
        ({}, "offline"),
        ({"presence": "away"}, "away"),
        ({"presence": "offline", "online": "on"}, "offline"),
    ],
)
def test_switch_sets_own_presence(client, agent, data, expected):
    services.set_presence(agent=agent, presence=Presence.AWAY)
    client.force_login(agent)

    response = client.post("/presence/", {**data, "next": "/profile/"})

    agent.refresh_from_db()
    assert agent.presence == expected
    assert (response.status_code, response.url) == (302, "/profile/")


def test_switch_answers_htmx_with_its_partial(client, agent):
    client.force_login(agent)

    response = client.post(
        "/presence/", {"presence": "away"}, headers={"hx-request": "true"}
    )

    assert response.status_code == 200
    assert response.content.lstrip().startswith(b"<form")
    assert b'id="presence"' in response.content
    assert b"Away" in response.content


def test_switch_refuses_what_it_does_not_know(client, agent):
    client.force_login(agent)

    assert client.post("/presence/", {"presence": "owner"}).status_code == 422
    assert client.get("/presence/").status_code == 405
    agent.refresh_from_db()
    assert agent.presence == "online"


def test_switch_leads_to_no_other_site(client, agent):
    client.force_login(agent)

    response = client.post("/presence/", {"next": "//evil.example/"})

    assert response.url == "/"


def test_operator_has_no_presence(client, django_user_model):
    operator = django_user_model.objects.create_superuser("op@example.com", name="Op")
    client.force_login(operator)

    assert client.post("/presence/", {"presence": "away"}).status_code == 404
