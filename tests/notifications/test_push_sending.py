"""A notification on its way to browsers, by a push service that really listens."""

import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import services, tasks
from notifications.exceptions import DeliveryError
from notifications.models import Notification, PushSubscription
from notifications.services import browsers
from notifications.transports import push
from supportdesk.core import outbound
from tests.factories import make_account, make_agent

pytestmark = pytest.mark.django_db

CONTENT = {
    "title": "Sofia Lindqvist",
    "body": "Where is my parcel? Größe „M“",
    "url": "/conversations/5f0c/",
    "tag": "conversation-5f0c",
    "kind": "message",
    "lang": "de",
}


@pytest.fixture
def agent():
    return make_agent(make_account())


@pytest.fixture
def laptop(push_service, agent):
    return subscribe(agent, push_service.browser("laptop"))


@pytest.fixture
def phone(push_service, agent):
    return subscribe(agent, push_service.browser("phone"))


def subscribe(agent, browser):
    services.subscribe_browser(
        agent=agent, device=browser.endpoint[-16:], **browser.subscription()
    )
    return browser


def send(agent, **content):
    notification = services.record_push_test(agent=agent)
    services.send_to_agent(notification=notification, content={**CONTENT, **content})


def last_errors():
    rows = PushSubscription.objects.order_by("pk")
    return {row.endpoint.rpartition("/")[2]: row.last_error for row in rows}


def test_push_arrives_encrypted_for_the_browser(agent, laptop, push_service):
    send(agent)

    (received,) = push_service.to(laptop)
    assert laptop.read(received.body) == CONTENT
    assert b"Sofia" not in received.body
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["ttl"] == "900"
    assert received.headers["urgency"] == "high"


def test_push_proves_who_sends_it(agent, laptop, push_service, settings):
    settings.SITE_URL = "https://desk.example.com:8443"

    send(agent)

    (received,) = push_service.to(laptop)
    claims = received.claims()
    assert claims["aud"] == push_service.url
    assert claims["sub"] == "https://desk.example.com"
    assert claims["key"] == services.vapid_keys().public_key
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600


def test_desk_without_https_names_its_mail_address(settings):
    settings.SITE_URL = "http://localhost:8000"
    settings.DEFAULT_FROM_EMAIL = "Desk <desk@example.com>"

    assert push.contact() == "mailto:desk@example.com"


def test_what_waits_for_a_device_is_replaced_by_what_has_the_same_tag(
    agent, laptop, push_service
):
    send(agent, body="First")
    send(agent, body="Second")
    send(agent, tag="conversation-other", kind="missed")

    first, second, other = [p.headers["topic"] for p in push_service.to(laptop)]
    assert first == second != other
    assert len(first) == 32
    assert "5f0c" not in first
    assert push_service.to(laptop)[2].headers["urgency"] == "normal"


def test_each_browser_of_the_agent_gets_its_own(agent, laptop, phone, push_service):
    stranger = subscribe(make_agent(agent.account), push_service.browser("stranger"))

    send(agent)

    for browser in (laptop, phone):
        (received,) = push_service.to(browser)
        assert browser.read(received.body) == CONTENT
    assert push_service.to(stranger) == []


@pytest.mark.parametrize("status", [404, 410])
def test_browser_that_has_unsubscribed_is_removed(
    agent, laptop, phone, push_service, status
):
    push_service.answers["/laptop"] = (status, b"")

    send(agent)

    assert last_errors() == {"phone": ""}


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_busy_push_service_is_tried_again_later(agent, laptop, push_service, status):
    push_service.answers["/laptop"] = (status, b"too many\n requests")

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert not failed.value.permanent
    assert last_errors() == {"laptop": f"{status} too many requests"}


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("120", timedelta(minutes=2)),
        ("86400", timedelta(minutes=15)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("-5", None),
        ("9" * 40, None),
    ],
)
def test_push_service_may_say_how_long_to_wait(
    agent, laptop, push_service, asked, waits
):
    push_service.answers["/laptop"] = (429, b"")
    push_service.retry_after = asked

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert failed.value.delay == waits


@pytest.mark.parametrize("status", [302, 400, 403, 413])
def test_refused_push_is_not_tried_again_and_says_why(
    agent, laptop, push_service, status
):
    push_service.answers["/laptop"] = (status, b"key mismatch")

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert failed.value.permanent
    assert last_errors() == {"laptop": f"{status} key mismatch"}
    assert len(push_service.received) == 1


def test_unreachable_push_service_is_tried_again_later(agent, push_service):
    subscribe(agent, push_service.browser("laptop"))
    PushSubscription.objects.update(endpoint="http://127.0.0.1:1/laptop")

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert not failed.value.permanent
    assert last_errors() == {"laptop": "ConnectionError"}


def test_one_browser_that_took_it_is_enough(agent, laptop, phone, push_service):
    push_service.answers["/phone"] = (500, b"")

    send(agent)

    assert len(push_service.to(laptop)) == 1
    assert last_errors() == {"laptop": "", "phone": "500"}


def test_one_that_may_take_it_later_is_reason_to_try_again(
    agent, laptop, phone, push_service
):
    push_service.answers |= {"/phone": (500, b""), "/laptop": (403, b"")}

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert not failed.value.permanent


def test_error_is_forgotten_with_the_next_success(agent, laptop, push_service):
    push_service.answers["/laptop"] = (500, b"")
    with pytest.raises(DeliveryError):
        send(agent)

    push_service.answers.clear()
    send(agent)

    assert last_errors() == {"laptop": ""}


def test_agent_without_a_browser_is_told_nothing(agent, push_service):
    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert failed.value.permanent


def test_browser_that_showed_no_page_as_long_as_sessions_last_is_signed_out(
    agent, laptop, push_service, settings
):
    age = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    PushSubscription.objects.update(created_at=timezone.now() - age)

    with pytest.raises(DeliveryError):
        send(agent)

    assert push_service.received == []


def test_address_is_checked_when_it_is_used(agent, laptop, push_service, settings):
    settings.OUTBOUND_ALLOW_LOOPBACK = False

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert failed.value.permanent
    assert push_service.received == []


def test_task_outlives_the_slowest_browsers():
    """Killed half way, it would ring again wherever it has rung."""
    last = 2 * (outbound.CONNECT_TIMEOUT + 2 * outbound.READ_TIMEOUT)

    assert browsers.PATIENCE + last <= tasks.send_notification.time_limit


def test_slow_browsers_do_not_use_up_the_task(
    agent, laptop, phone, push_service, monkeypatch
):
    monkeypatch.setattr(browsers, "PATIENCE", -1.0)

    with pytest.raises(DeliveryError) as failed:
        send(agent)

    assert not failed.value.permanent
    assert push_service.received == []


@pytest.mark.parametrize("letter", ["x", "ü", "😀", '"'])
def test_long_text_is_cut_to_what_a_push_may_hold(letter):
    text = push.payload({**CONTENT, "title": letter * 500, "body": letter * 5000})

    assert len(text.encode()) <= push.MAX_PAYLOAD
    shown = json.loads(text)
    assert shown["url"] == CONTENT["url"]
    assert shown["body"].startswith(letter)
    assert shown["body"].endswith("…")
    assert len(shown["title"]) == push.MAX_TITLE


def test_short_text_is_not_touched():
    assert json.loads(push.payload(CONTENT)) == CONTENT


def test_test_push_is_a_row_of_its_own_each_time(agent):
    first = services.record_push_test(agent=agent)
    second = services.record_push_test(agent=agent)

    assert first.pk != second.pk
    assert (first.kind, first.way, first.state) == (
        Notification.Kind.TEST,
        Notification.Way.PUSH,
        Notification.State.PENDING,
    )
