import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from supportdesk.operations import limits
from tests import factories
from tests.conversations.desk import HTMX, signed_in
from tests.operations.routes import addresses
from tests.product import BASE_DIR

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def owner(account):
    return factories.owner_of(account)


def test_every_address_that_can_be_written_to_is_counted():
    uncounted = {
        name
        for name in addresses(uuid.uuid4())
        if limits.limit_of(name, "POST", is_signed_in=False) is None
    }

    # By key and token: tests/channels_integration and tests/api.
    assert {name for name in uncounted if not name.startswith("api:")} == {
        name
        for name in addresses(uuid.uuid4())
        if name.startswith("website:") and name != "website:start"
    }


def test_table_names_addresses_that_exist():
    named = limits.READS.keys() | limits.TIGHT_WRITES.keys()

    assert named - addresses(uuid.uuid4()).keys() == set()


def test_page_for_operators_says_the_same():
    page = (BASE_DIR / "docs" / "limits.md").read_text()
    rows = re.findall(r"^\| `([\w:]+)` \| ([\w/]*) ?\| ([\w/]*) ?\|$", page, re.M)
    told = {name: (reading, writing) for name, reading, writing in rows}

    def text(line):
        return "{}/{}".format(*line) if line else ""

    assert told == {
        name: (text(limits.READS.get(name)), text(limits.TIGHT_WRITES.get(name)))
        for name in limits.READS.keys() | limits.TIGHT_WRITES.keys()
    }
    assert f"| everything else, together | | {text(limits.WRITES)} |" in page
    assert (
        f"| everything else, not signed in | | {text(limits.WRITES_OF_STRANGERS)} |"
        in page
    )


def test_who_searches_too_often_is_told_to_wait(owner, account, settings):
    settings.DESK_RATE_FACTOR = 2 / 240
    client = signed_in(owner)
    statuses = [client.get("/?q=parcel").status_code for _time in range(2)]

    refused = client.get("/?q=parcel")

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert b"Too much at once" in refused.content
    # Neither colleagues nor other pages are meant.
    colleague = factories.make_agent(account)
    assert signed_in(colleague).get("/").status_code == 200
    assert client.get("/profile/").status_code == 200


def test_list_stays_in_the_page_and_a_toast_says_why(owner, settings):
    settings.DESK_RATE_FACTOR = 1 / 240
    client = signed_in(owner)
    client.get("/")

    refused = client.get("/", headers=HTMX | {"HX-Target": "list"})

    assert refused.status_code == 429
    assert (refused["HX-Retarget"], refused["HX-Reswap"]) == ("#toasts", "beforeend")
    assert b"Please wait a moment" in refused.content
    assert b"<html" not in refused.content


def test_refused_reply_changes_nothing(owner, account, settings):
    settings.DESK_RATE_FACTOR = 1 / 120
    conversation = factories.make_conversation(account)
    url = reverse("conversations:reply", args=[conversation.public_id])
    client = signed_in(owner)

    def reply(text):
        data = {"text": text, "client_id": str(uuid.uuid4())}
        return client.post(url, data, headers=HTMX).status_code

    assert (reply("One"), reply("Two")) == (200, 429)
    messages = conversation.messages.filter(kind="message")
    assert list(messages.values_list("text", flat=True)) == [
        "Where is my parcel?",
        "One",
    ]


def test_other_writes_are_counted_together(owner, settings):
    settings.DESK_RATE_FACTOR = 2 / 600
    client = signed_in(owner)

    answers = [
        client.post("/presence/", {"presence": "away"}).status_code,
        client.post("/settings/tags/", {}).status_code,
        client.post("/settings/groups/new/", {}).status_code,
    ]

    assert answers[0] < 400
    assert answers[1] < 429
    assert answers[2] == 429


def test_strangers_are_counted_by_address(settings):
    settings.DESK_RATE_FACTOR = 1 / 120

    def choose(address):
        return Client(REMOTE_ADDR=address).post("/i18n/setlang/", {"language": "de"})

    assert choose("198.51.100.1").status_code == 302
    assert choose("198.51.100.1").status_code == 429
    assert choose("198.51.100.2").status_code == 302
    # One customer has as many addresses as there are in such a network.
    assert choose("2001:db8:1:2::1").status_code == 302
    assert choose("2001:db8:1:2:ffff::9").status_code == 429


def test_forged_chain_of_proxies_does_not_help(settings):
    settings.DESK_RATE_FACTOR = 1 / 120
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    def choose(forwarded):
        client = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
        return client.post("/i18n/setlang/", {"language": "de"}).status_code

    assert choose("198.51.100.1") == 302
    assert choose("203.0.113.7, 198.51.100.1") == 429
    assert choose("203.0.113.8, 198.51.100.1") == 429


def test_sign_in_pages_say_for_how_long_too(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}

    def attempt():
        return client.post(
            "/accounts/login/", {"login": "a@example.com", "password": "x"}
        )

    assert attempt().status_code == 422
    refused = attempt()
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert b"Too many attempts" in refused.content
