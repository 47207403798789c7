"""The list of where an agent is signed in, and what ends there."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from supportdesk.accounts import activity, presence, services, tasks
from supportdesk.accounts.devices import describe
from supportdesk.accounts.events import AgentSignedOut, agent_signed_out
from supportdesk.accounts.models import AgentSession
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

FIREFOX = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
PAGE = "/profile/security/"


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


@pytest.fixture
def signed_out():
    events = []

    def note(event, **kwargs):
        events.append(event)

    agent_signed_out.connect(note)
    yield events
    agent_signed_out.disconnect(note)


def browser(agent, user_agent=FIREFOX, ip="203.0.113.7"):
    """Signed in through the form, as people do."""
    client = Client(REMOTE_ADDR=ip, headers={"user-agent": user_agent})
    client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD})
    return client


def listed(client):
    return client.get(PAGE).context["sessions"]


def test_list_names_device_address_and_this_one(agent):
    phone = browser(agent, IPHONE, "198.51.100.4")
    desk = browser(agent)

    here, there = listed(desk)

    assert (str(here.device), here.session.ip, here.is_this) == (
        "Firefox on Windows",
        "203.0.113.7",
        True,
    )
    assert (str(there.device), there.session.ip, there.is_this) == (
        "Mobile Safari on iOS",
        "198.51.100.4",
        False,
    )
    assert there.device.is_phone
    assert [one.is_this for one in listed(phone)] == [True, False]


def test_page_names_nothing_that_opens_a_session(agent):
    other, client = browser(agent), browser(agent)

    content = client.get(PAGE).content.decode()

    assert other.session.session_key not in content
    assert client.session.session_key not in content


def test_device_with_a_socket_is_active_now(agent):
    client = browser(agent)
    device = presence.device_of(client.session.session_key)
    presence.touch(agent.account_id, agent.pk, device)

    assert [one.is_active for one in listed(client)] == [True]


def test_ended_session_is_out_at_once_with_its_socket(
    agent, signed_out, django_capture_on_commit_callbacks
):
    other, client = browser(agent, IPHONE), browser(agent)
    key = other.session.session_key
    presence.touch(agent.account_id, agent.pk, presence.device_of(key))
    row = AgentSession.objects.get(session_key=key)

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{PAGE}sessions/{row.pk}/end/")

    assert response.url == PAGE
    assert signed_out == [AgentSignedOut(agent_id=agent.pk, session_key=key)]
    assert other.get("/profile/").url == "/accounts/login/?next=/profile/"
    assert presence.reachable_ids(agent.account_id) == set()
    assert [one.is_this for one in listed(client)] == [True]


def test_end_others_leaves_this_one(
    agent, signed_out, django_capture_on_commit_callbacks
):
    others = [browser(agent, IPHONE), browser(agent)]
    client = browser(agent)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{PAGE}sessions/end/")

    assert signed_out == [AgentSignedOut(agent_id=agent.pk, session_key="")]
    assert client.get("/profile/").status_code == 200
    for other in others:
        assert other.get("/profile/").status_code == 302
        assert not Session.objects.filter(session_key=other.session.session_key)
    assert len(listed(client)) == 1


def test_sessions_of_others_and_this_one_cannot_be_ended_here(agent):
    colleague = make_agent(agent.account, password=PASSWORD)
    theirs, client = browser(colleague), browser(agent)

    for key in (theirs.session.session_key, client.session.session_key):
        row = AgentSession.objects.get(session_key=key)
        assert client.post(f"{PAGE}sessions/{row.pk}/end/").status_code == 404

    assert theirs.get("/profile/").status_code == 200
    assert client.get(f"{PAGE}sessions/{row.pk}/end/").status_code == 405


def test_switching_off_ends_sessions_for_good(
    agent, signed_out, django_capture_on_commit_callbacks
):
    owner = owner_of(agent.account)
    clients = [browser(agent, IPHONE), browser(agent)]

    with django_capture_on_commit_callbacks(execute=True):
        services.change_access(agent=agent, by=owner, is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        services.change_access(agent=agent, by=owner, is_active=True)

    assert signed_out == [AgentSignedOut(agent_id=agent.pk, session_key="")]
    for client in clients:
        assert client.get("/profile/").url == "/accounts/login/?next=/profile/"
    assert not AgentSession.objects.filter(agent=agent).exists()
    assert browser(agent).get("/profile/").status_code == 200


def test_other_changes_of_access_end_no_session(agent):
    client = browser(agent)

    services.change_access(agent=agent, by=owner_of(agent.account), role="full")

    assert client.get("/profile/").status_code == 200


def test_session_that_was_read_back_before_the_commit_ends_too(
    agent, signed_out, django_capture_on_commit_callbacks
):
    """As another process does that asks for a page at this very moment."""
    client = browser(agent)
    store, content = client.session, dict(client.session)
    left_when_told = []

    def look(**kwargs):
        left_when_told.append(cache.get(store.cache_key))

    agent_signed_out.connect(look)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.end_other_sessions(agent=agent)
            cache.set(store.cache_key, content)
    finally:
        agent_signed_out.disconnect(look)

    assert left_when_told == [None]
    assert client.get("/profile/").status_code == 302


def test_ending_needs_a_token(agent):
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)

    assert client.post(f"{PAGE}sessions/end/").status_code == 403


def test_logout_takes_it_from_the_list(agent):
    client = browser(agent)
    browser(agent)

    client.post("/accounts/logout/")

    assert AgentSession.objects.count() == 1


def test_password_change_ends_the_others_and_keeps_this_one_listed(agent):
    other, client = browser(agent, IPHONE), browser(agent)
    new = "nine lives of a cat"

    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    [here] = listed(client)
    assert here.is_this
    assert not Session.objects.filter(session_key=other.session.session_key)


def test_requests_write_nothing_until_some_minutes_have_passed(
    agent, monkeypatch, django_assert_num_queries
):
    now = [1000.0]
    monkeypatch.setattr(activity.time, "monotonic", lambda: now[0])
    client = Client()
    client.force_login(agent)
    AgentSession.objects.update(last_active_at=timezone.now() - timedelta(hours=1))
    before = AgentSession.objects.get().last_active_at

    now[0] += activity.NOTED_EVERY - 1
    with django_assert_num_queries(1):  # who is asking
        client.get("/settings/groups/")
    unchanged = AgentSession.objects.get().last_active_at
    now[0] += 1
    client.get("/settings/groups/")

    assert unchanged == before
    assert AgentSession.objects.get().last_active_at > before


def test_session_from_before_the_list_appears_with_its_next_request(agent):
    client = browser(agent)
    AgentSession.objects.all().delete()
    activity._noted.clear()

    assert [one.is_this for one in listed(client)] == [True]


def test_list_costs_the_same_for_many(agent, django_assert_max_num_queries):
    client = browser(agent)
    with django_assert_max_num_queries(20) as one:
        client.get(PAGE)
    for _ in range(4):
        browser(agent)
    with django_assert_max_num_queries(20) as many:
        client.get(PAGE)

    assert len(one) == len(many)


def test_what_is_over_is_not_listed_and_removed_at_night(agent):
    client, old, young = browser(agent), browser(agent), browser(agent)
    Session.objects.filter(session_key=old.session.session_key).delete()
    expired = Session.objects.filter(session_key=young.session.session_key)
    expired.update(expire_date=timezone.now() - timedelta(seconds=1))
    AgentSession.objects.update(last_active_at=timezone.now() - timedelta(hours=2))

    assert len(listed(client)) == 1
    tasks.delete_ended()

    [row] = AgentSession.objects.all()
    assert row.session_key == client.session.session_key
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    "user_agent", ["", "\x00\x01", "x" * 5000, "<script>alert(1)</script>"]
)
def test_odd_browsers_are_listed_too(agent, user_agent):
    client = browser(agent, user_agent)

    [here] = listed(client)

    assert len(here.session.user_agent) <= 400
    assert b"<script>alert" not in client.get(PAGE).content
    assert str(describe(here.session.user_agent))


def test_address_that_is_none_is_left_out(agent):
    services.note_session(agent=agent, session_key="k", ip="", user_agent="")

    assert AgentSession.objects.get(session_key="k").ip is None
