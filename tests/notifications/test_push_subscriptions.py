"""Which browsers are told, and when they no longer are."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from notifications import services
from notifications.exceptions import SubscriptionRefused
from notifications.models import PushSubscription, VapidKey
from notifications.services.browsers import MAX_BROWSERS
from supportdesk.accounts import services as accounts
from supportdesk.accounts.presence import device_of
from supportdesk.core.sealing import unseal
from tests.factories import PASSWORD, make_account, make_agent, owner_of
from tests.notifications.push_service import Browser, encode

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


def browser(name="one"):
    return Browser(f"https://push.example.com/{name}")


def subscribe(agent, name="one", device="laptop", **changes):
    asked = browser(name).subscription() | changes
    return services.subscribe_browser(agent=agent, device=device, **asked)


def endpoints(agent):
    rows = PushSubscription.objects.filter(agent=agent).order_by("pk")
    return [row.endpoint.rpartition("/")[2] for row in rows]


def test_browser_is_stored_with_its_keys(agent):
    asked = browser().subscription()

    row = services.subscribe_browser(agent=agent, device="laptop", **asked)

    row.refresh_from_db()
    assert {name: getattr(row, name) for name in asked} == asked
    assert (row.agent, row.device, row.last_error) == (agent, "laptop", "")


def test_keys_with_padding_are_stored_without(agent):
    asked = browser().subscription()

    row = subscribe(
        agent, p256dh=asked["p256dh"] + "=", auth=asked["auth"] + "==", name="x"
    )

    assert (row.p256dh, row.auth) == (asked["p256dh"], asked["auth"])


def test_subscribing_again_changes_the_row_and_adds_none(agent):
    first = subscribe(agent)
    PushSubscription.objects.filter(pk=first.pk).update(
        last_error="500", created_at=timezone.now() - timedelta(days=20)
    )

    again = subscribe(agent)

    assert again.pk == first.pk
    assert again.last_error == ""
    assert timezone.now() - again.created_at < timedelta(minutes=1)


def test_endpoint_belongs_to_whoever_subscribed_last(agent):
    other = make_agent(make_account())
    subscribe(agent)

    subscribe(other, device="the same laptop")

    assert endpoints(agent) == []
    assert endpoints(other) == ["one"]


def test_browser_that_brings_a_new_address_has_left_the_old_one(agent):
    subscribe(agent, "one")
    subscribe(agent, "phone", device="phone")

    subscribe(agent, "two")

    assert endpoints(agent) == ["phone", "two"]


def test_only_the_latest_browsers_are_kept(agent):
    for number in range(MAX_BROWSERS + 2):
        subscribe(agent, f"{number}", device=f"device {number}")

    assert endpoints(agent) == [f"{n}" for n in range(2, MAX_BROWSERS + 2)]


def test_inactive_agent_subscribes_nothing(agent):
    accounts.change_access(agent=agent, by=owner_of(agent.account), is_active=False)

    with pytest.raises(SubscriptionRefused):
        subscribe(agent)


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": ""},
        {"endpoint": "http://push.example.com/one"},
        {"endpoint": "https://127.0.0.1/one"},
        {"endpoint": "https://10.0.0.1/one"},
        {"endpoint": "https://[::1]/one"},
        {"endpoint": "https://localhost/one"},
        {"endpoint": "https://redis/one"},
        {"endpoint": "https://user:password@push.example.com/one"},
        {"endpoint": "https://push.example.com/" + "x" * 1000},
        {"p256dh": ""},
        {"p256dh": "not base64 at all!"},
        {"p256dh": "ä" * 87},
        {"p256dh": encode(b"\x04" + b"\x01" * 64)},
        {"p256dh": encode(b"\x04" + b"\x01" * 63)},
        {"p256dh": "A" * 100_000},
        {"auth": ""},
        {"auth": encode(b"fifteen bytes..")},
        {"auth": encode(b"seventeen bytes..")},
        {"auth": "%%%%"},
    ],
    ids=lambda changes: "{}={:.30}".format(*next(iter(changes.items()))),
)
def test_nonsense_is_refused_and_nothing_stored(agent, changes):
    with pytest.raises(SubscriptionRefused):
        subscribe(agent, **changes)

    assert PushSubscription.objects.count() == 0


def test_unsubscribing_removes_ones_own_browser_only(agent):
    other = make_agent(agent.account)
    subscribe(agent, "mine")
    subscribe(other, "theirs")

    assert not services.unsubscribe_browser(
        agent=agent, endpoint=browser("theirs").endpoint
    )
    assert services.unsubscribe_browser(agent=agent, endpoint=browser("mine").endpoint)

    assert endpoints(agent) == []
    assert endpoints(other) == ["theirs"]


def signed_in(agent, name):
    client = Client()
    client.force_login(agent)
    subscribe(agent, name, device=device_of(client.session.session_key))
    return client


def test_signing_out_ends_the_pushes_to_this_browser_only(
    agent, django_capture_on_commit_callbacks
):
    signed_in(agent, "phone")
    laptop = signed_in(agent, "laptop")

    with django_capture_on_commit_callbacks(execute=True):
        laptop.post("/accounts/logout/")

    assert endpoints(agent) == ["phone"]


def test_new_password_ends_the_pushes_to_all_browsers(
    agent, django_capture_on_commit_callbacks
):
    other = make_agent(agent.account)
    subscribe(other, "theirs")
    signed_in(agent, "phone")
    laptop = signed_in(agent, "laptop")

    with django_capture_on_commit_callbacks(execute=True):
        laptop.post(
            "/accounts/password/change/",
            {
                "oldpassword": PASSWORD,
                "password1": "nine lives of a cat",
                "password2": "nine lives of a cat",
            },
        )

    assert endpoints(agent) == []
    assert endpoints(other) == ["theirs"]


def test_deactivated_agent_gets_no_more_pushes(
    agent, django_capture_on_commit_callbacks
):
    owner = owner_of(agent.account)
    subscribe(agent)
    subscribe(owner, "owner", device="desk")

    with django_capture_on_commit_callbacks(execute=True):
        accounts.change_access(agent=agent, by=owner, role="full")
    assert endpoints(agent) == ["one"]
    with django_capture_on_commit_callbacks(execute=True):
        accounts.change_access(agent=agent, by=owner, is_active=False)

    assert endpoints(agent) == []
    assert endpoints(owner) == ["owner"]


def test_keys_are_made_once_and_kept_sealed():
    keys = services.vapid_keys()

    assert services.vapid_keys() == keys
    row = VapidKey.objects.get()
    assert keys.private_key not in row.sealed_private_key
    assert unseal(row.sealed_private_key) == keys.private_key
    assert len(keys.public_key) == 87


@pytest.mark.django_db(transaction=True)
def test_keys_are_made_once_by_many_at_once():
    begin = threading.Barrier(6)
    made = []

    def ask():
        begin.wait()
        made.append(services.vapid_keys())
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 6
    assert len(set(made)) == 1


def test_keys_sealed_under_a_former_secret_are_still_read(settings):
    keys = services.vapid_keys()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key " * 5

    assert services.vapid_keys() == keys


def test_keys_that_cannot_be_opened_are_replaced_with_what_hung_on_them(
    agent, settings, caplog
):
    keys = services.vapid_keys()
    subscribe(agent)
    settings.SECRET_KEY = "another key " * 5

    new = services.vapid_keys()

    assert new.public_key != keys.public_key
    assert services.vapid_keys() == new
    assert PushSubscription.objects.count() == 0
    assert "SECRET_KEY" in caplog.text
