"""No address of the desk sends anybody to another one, whatever it is asked."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

from tests import factories
from tests.operations.routes import addresses

pytestmark = pytest.mark.django_db

HERE = "http://testserver"
EVIL = [
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "https:evil.example",
    "https:///evil.example/",
    "https://evil.example/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    " https://evil.example/",
    "\x08//evil.example/",
    "javascript:alert(1)//testserver",
    "data:text/html,x",
    "/profile/\r\nLocation: https://evil.example/",
]
# Whatever a form or an address may call the place to go to.
NAMES = ("next", "next_query", "back", "redirect", "redirect_to", "return", "url", "to")
TAKES_NEXT = ("/accounts/login/", "/i18n/setlang/", "/presence/", "/accounts/logout/")


@pytest.fixture
def owner():
    account = factories.make_account()
    owner = factories.owner_of(account)
    owner.set_password(factories.PASSWORD)
    owner.save(update_fields=["password"])
    return owner


def leads_away(response):
    """The place outside to which a browser would go; None for none."""
    for name in ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "Refresh"):
        value = response.get(name, "")
        # Browsers drop these and read a backslash as a slash.
        read = value.replace("\t", "").replace("\\", "/").strip("\x00\x08 ")
        read = re.sub("^/{2,}", "//", read)
        target = urlsplit(urljoin(f"{HERE}/a/", read))
        if value and (target.scheme, target.netloc) != ("http", "testserver"):
            return value
    return None


def given(value):
    return dict.fromkeys(NAMES, value)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_leads_away(owner, method):
    found = addresses(factories.make_conversation(owner.account).public_id)
    del found["operations:readyz"]
    away, led = [], 0
    for name, url in found.items():
        client = Client()
        client.force_login(owner)
        for value in (EVIL[0], EVIL[3]):
            response = getattr(client, method)(url, given(value), follow=False)
            if response.streaming:
                response.getvalue()  # reads, and so closes, the file
            led += response.status_code == 302
            away += [(name, value)] if leads_away(response) else []

    assert away == []
    assert led > 10


@pytest.mark.parametrize("value", EVIL)
@pytest.mark.parametrize("url", TAKES_NEXT)
def test_address_that_is_told_where_to_go_goes_nowhere_else(owner, url, value):
    client = Client()
    if url != "/accounts/login/":
        client.force_login(owner)
    form = {
        "login": owner.email,
        "password": factories.PASSWORD,
        "language": "en",
        "presence": "online",
    }

    by_form = client.post(url, form | given(value))
    client.logout()
    if url != "/accounts/login/":
        client.force_login(owner)
    by_address = client.post(url, form, query_params=given(value))

    for response in (by_form, by_address):
        assert response.status_code == 302
        assert leads_away(response) is None


@pytest.mark.parametrize("value", EVIL)
def test_sign_in_of_the_admin_leads_to_the_desks_own(owner, value):
    client = Client()
    first = client.get("/admin/login/", query_params=given(value))
    login = urljoin(f"{HERE}/admin/login/", first["Location"])

    done = client.post(login, {"login": owner.email, "password": factories.PASSWORD})

    assert leads_away(first) is None
    assert done.status_code == 302
    assert leads_away(done) is None


@pytest.mark.parametrize("value", EVIL[:-3])
def test_what_leads_away_is_noticed(value):
    assert leads_away({"Location": value}) == value
