"""What a page and a service worker may ask of the desk."""

import pytest
from django.test import Client

from notifications import services, tasks
from notifications.models import Notification, PushSubscription
from notifications.views import push
from supportdesk.accounts.models import User
from supportdesk.accounts.presence import device_of
from tests.factories import make_account, make_agent
from tests.notifications.push_service import Browser

pytestmark = pytest.mark.django_db

POSTS = ["subscribe", "unsubscribe", "test"]


@pytest.fixture
def agent(client):
    agent = make_agent(make_account())
    client.force_login(agent)
    return agent


def asked(name="one"):
    return Browser(f"https://push.example.com/{name}").subscription()


def url(name):
    return f"/notifications/push/{name}/"


def test_key_comes_with_what_a_form_needs(client, agent):
    response = client.get(url("key"))

    answer = response.json()
    assert answer["key"] == services.vapid_keys().public_key
    assert "no-store" in response.headers["Cache-Control"]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    accepted = strict.post(
        url("subscribe"), asked(), headers={"X-CSRFToken": answer["token"]}
    )
    assert accepted.status_code == 200
    assert strict.post(url("subscribe"), asked()).status_code == 403


def test_subscribing_belongs_to_the_session(client, agent):
    response = client.post(url("subscribe"), asked())

    assert response.json() == {"subscribed": True}
    row = PushSubscription.objects.get()
    assert row.agent == agent
    assert row.device == device_of(client.session.session_key)


def test_nonsense_is_refused_with_a_sentence(client, agent):
    response = client.post(url("subscribe"), {"endpoint": "https://127.0.0.1/"})

    assert response.status_code == 422
    assert response.json() == {"error": {"message": "This browser cannot be notified."}}
    assert PushSubscription.objects.count() == 0


def test_subscribing_is_limited(client, agent, monkeypatch):
    monkeypatch.setattr(push, "SUBSCRIBE_RATE", "1/hour")
    client.post(url("subscribe"), asked("one"))

    response = client.post(url("subscribe"), asked("two"))

    assert response.status_code == 429
    assert PushSubscription.objects.get().endpoint == asked("one")["endpoint"]


def test_unsubscribing_is_ones_own(client, agent):
    client.post(url("subscribe"), asked())
    stranger = Client()
    stranger.force_login(make_agent(make_account()))

    refused = stranger.post(url("unsubscribe"), {"endpoint": asked()["endpoint"]})
    assert refused.json() == {"unsubscribed": False}
    assert PushSubscription.objects.count() == 1
    done = client.post(url("unsubscribe"), {"endpoint": asked()["endpoint"]})

    assert done.json() == {"unsubscribed": True}
    assert PushSubscription.objects.count() == 0


@pytest.fixture
def queued(monkeypatch):
    found = []
    monkeypatch.setattr(tasks.send_notification, "delay_on_commit", found.append)
    return found


def test_test_push_is_written_and_queued(client, agent, queued):
    client.post(url("subscribe"), asked())

    response = client.post(url("test"))

    assert response.status_code == 202
    notification = Notification.objects.get()
    assert notification.agent == agent
    assert queued == [notification.pk]


def test_test_push_needs_a_browser(client, agent, queued):
    response = client.post(url("test"))

    assert response.status_code == 409
    assert Notification.objects.count() == 0


def test_test_push_is_limited(client, agent, queued, monkeypatch):
    monkeypatch.setattr(push, "TEST_RATE", "1/hour")
    client.post(url("subscribe"), asked())
    client.post(url("test"))

    assert client.post(url("test")).status_code == 429
    assert len(queued) == 1


@pytest.mark.parametrize("name", POSTS)
def test_writing_needs_a_post(client, agent, name):
    assert client.get(url(name)).status_code == 405


@pytest.mark.parametrize("name", ["key", *POSTS])
def test_stranger_is_sent_to_the_login(client, name):
    method = client.get if name == "key" else client.post

    response = method(url(name))

    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["key", *POSTS])
def test_platform_operator_is_told_of_nothing(client, name):
    operator = User.objects.create_superuser("operator@example.com", "x", name="O")
    client.force_login(operator)
    method = client.get if name == "key" else client.post

    assert method(url(name)).status_code == 404
