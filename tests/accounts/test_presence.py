"""Reachability over several devices, with the clock in the test's hand."""

import pytest

from supportdesk.accounts import presence, services
from supportdesk.accounts.events import PresenceChanged, presence_changed
from supportdesk.accounts.models import Presence
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


def test_old_signs_of_life_do_not_pile_up(clock, agent):
    from supportdesk.core import redis

    for number in range(20):
        presence.touch(agent.account_id, agent.pk, f"device {number}")
        clock.now += presence.GRACE

    assert redis.client().zcard(redis.key("presence", agent.account_id)) == 2


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
