"""What ends with a session: its sockets, its device, and those of an old password."""

import pytest
from django.test import Client

from supportdesk.accounts import presence
from supportdesk.accounts.events import AgentSignedOut, agent_signed_out
from tests.factories import PASSWORD, make_account, make_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


@pytest.fixture
def signed_out():
    """The events, each with whether the session still existed when it was sent."""
    events = []

    def note(event, **kwargs):
        events.append(event)

    agent_signed_out.connect(note)
    yield events
    agent_signed_out.disconnect(note)


def device(client, agent):
    client.force_login(agent)
    name = presence.device_of(client.session.session_key)
    presence.touch(agent.account_id, agent.pk, name)
    return client


def test_logout_needs_a_post(client, agent):
    client.force_login(agent)

    assert client.get("/accounts/logout/").status_code == 200
    assert client.session["_auth_user_id"] == str(agent.pk)


def test_logout_closes_the_sockets_of_this_session_only(
    client, agent, signed_out, django_capture_on_commit_callbacks
):
    other = device(Client(), agent)
    key = device(client, agent).session.session_key

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/accounts/logout/")

    assert response.url == "/accounts/login/"
    assert signed_out == [AgentSignedOut(agent_id=agent.pk, session_key=key)]
    assert other.get("/profile/").status_code == 200
    assert presence.reachable_ids(agent.account_id) == {agent.pk}


def test_session_is_gone_before_its_sockets_are_told(
    client, agent, django_capture_on_commit_callbacks
):
    client.force_login(agent)
    store, existed = client.session, []

    def look(event, **kwargs):
        existed.append(store.exists(event.session_key))

    agent_signed_out.connect(look)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/accounts/logout/")
    finally:
        agent_signed_out.disconnect(look)

    assert existed == [False]


def test_last_device_that_signs_out_takes_the_agent_offline_at_once(client, agent):
    device(client, agent)

    client.post("/accounts/logout/")

    assert presence.reachable_ids(agent.account_id) == set()


def test_password_change_signs_out_the_others_and_not_this_one(
    client, agent, signed_out, django_capture_on_commit_callbacks
):
    other = device(Client(), agent)
    key = device(client, agent).session.session_key
    form = {"oldpassword": PASSWORD, "password1": "nine lives of a cat"}

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            "/accounts/password/change/", {**form, "password2": "nine lives of a cat"}
        )

    assert response.url == "/profile/"
    assert signed_out == [AgentSignedOut(agent_id=agent.pk, session_key="")]
    assert client.get("/profile/").status_code == 200
    assert client.session.session_key != key
    assert other.get("/profile/").url == "/accounts/login/?next=/profile/"


@pytest.mark.parametrize(
    ("old", "new", "again", "field"),
    [
        ("wrong", "nine lives of a cat", "nine lives of a cat", "oldpassword"),
        ("x" * 257, "nine lives of a cat", "nine lives of a cat", "oldpassword"),
        (PASSWORD, "12345678", "12345678", "password1"),
        (PASSWORD, "nine cats" * 29, "nine lives of a cat", "password1"),
        (PASSWORD, "nine lives of a cat", "eight lives", "password2"),
    ],
)
def test_refused_password_change_says_why_and_changes_nothing(
    client, agent, signed_out, old, new, again, field
):
    client.force_login(agent)

    response = client.post(
        "/accounts/password/change/",
        {"oldpassword": old, "password1": new, "password2": again},
    )

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    agent.refresh_from_db()
    assert agent.check_password(PASSWORD)
    assert signed_out == []


def test_admin_logout_is_the_same(
    client, signed_out, django_capture_on_commit_callbacks
):
    full = make_agent(make_account(), role="full")
    client.force_login(full)
    key = client.session.session_key

    assert client.get("/admin/logout/").url == "/accounts/logout/"
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/admin/logout/")

    assert response.url == "/accounts/login/"
    assert [event.session_key for event in signed_out] == [key]
    assert "_auth_user_id" not in client.session
