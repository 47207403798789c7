"""What every answer tells a browser it may not do, whoever asks and whatever for."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client

from tests import factories
from tests.channels_integration.browser import SHOP, open_browser
from tests.operations.routes import addresses

PAGE_POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "frame-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}
BARE = {"default-src 'none'", "frame-ancestors 'none'"}
FILE = {"default-src 'none'", "sandbox"}
MAIL = {
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "sandbox allow-popups",
}
POLICIES = {
    "operations:healthz": BARE,
    "conversations:conversation_file": FILE,
    "conversations:visitor_export": FILE,
    "conversations:report_table": FILE,
    "accounts:picture": FILE,
    # A mail brings its style with it; it can run nothing.
    "notifications:preview": MAIL,
}
# The same for everybody, or a picture: everything else is never stored by a browser.
CACHED = {
    "website:loader": "public, max-age=300",
    "website:smartsupp": "public, max-age=300",
    "notifications:manifest": "max-age=3600, public",
    "notifications:service_worker": "no-cache",
    "notifications:offline": "no-cache",
    "api:openapi": "public, max-age=300",
    "accounts:picture": "private, max-age=86400",
}
# Scripts that stand in the pages of shops.
FOR_SHOPS = {"website:loader", "website:smartsupp"}
FRAMED_BY_NOBODY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OFF = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    account = factories.make_account()
    owner = factories.owner_of(account)
    owner.set_password(factories.PASSWORD)
    owner.save(update_fields=["password"])
    return account


@pytest.fixture
def asked(account):
    """Every address, with a conversation's id where one is asked for."""
    found = addresses(factories.make_conversation(account).public_id)
    # It asks the database from another thread, which ends this test's transaction.
    del found["operations:readyz"]
    found["conversations:conversation_file"] += "?format=text&content=all"
    assert len(found) > 150
    return found


def answers(client, method, urls, **headers):
    """Name and answer of each."""
    for name, url in urls.items():
        response = client.generic(method, url, headers=headers)
        if response.streaming:
            response.getvalue()  # reads, and so closes, the file
        yield name, response


def policy_of(response):
    return {
        directive.strip()
        for directive in response["Content-Security-Policy"].split(";")
    }


def complaints(name, response):
    """What is wrong with the headers of an answer."""
    wanted = dict(FRAMED_BY_NOBODY)
    is_done = response.status_code == 200
    wanted["Cross-Origin-Resource-Policy"] = (
        "cross-origin" if is_done and name in FOR_SHOPS else "same-origin"
    )
    for header, value in wanted.items():
        if response.get(header) != value:
            yield name, header, response.get(header)
    allowed = response.get("Permissions-Policy", "").split(", ")
    for feature in OFF:
        if f"{feature}=()" not in allowed:
            yield name, "Permissions-Policy", feature
    policy = POLICIES.get(name, PAGE_POLICY) if is_done else None
    if policy_of(response) not in ([policy] if policy else [PAGE_POLICY, BARE]):
        yield name, "Content-Security-Policy", response["Content-Security-Policy"]
    stored = response["Cache-Control"]
    if is_done and name in CACHED:
        if stored != CACHED[name]:
            yield name, "Cache-Control", stored
    elif "no-store" not in stored and name not in CACHED:
        yield name, "Cache-Control", stored
    for cookie in response.cookies.values():
        if cookie["samesite"] != "Lax" or cookie["path"] != "/" or cookie["domain"]:
            yield name, "Set-Cookie", cookie.output()
        # Scripts of ours send the form's token with what they ask.
        is_for_scripts = cookie.key == settings.CSRF_COOKIE_NAME
        if cookie.value and not (is_for_scripts or cookie["httponly"]):
            yield name, "Set-Cookie", cookie.output()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_owner_gets_the_headers_with_every_answer(account, asked, method):
    client, wrong, done = Client(), [], []
    for name in asked:
        # Some of these end the session, or what others ask for.
        client.force_login(factories.owner_of(account))
        for _name, response in answers(client, method, {name: asked[name]}):
            wrong += complaints(name, response)
            done += [name] if response.status_code == 200 else []

    assert wrong == []
    # It saw real pages, not only refusals.
    if method == "GET":
        assert len(done) > 60
        assert POLICIES.keys() - {"accounts:picture"} <= set(done)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stranger_gets_the_headers_with_every_answer(asked, method):
    wrong = []
    for name, response in answers(Client(), method, asked):
        wrong += complaints(name, response)

    assert wrong == []


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_visitor_gets_the_headers_with_every_answer(client, account, asked, method):
    browser = open_browser(client, account.channels.get())
    urls = {name: url for name, url in asked.items() if name.startswith("website:")}
    wrong, allowed = [], []
    for name, response in answers(client, method, urls, **browser.headers()):
        wrong += complaints(name, response)
        origin = response.get("Access-Control-Allow-Origin")
        allowed += [name] if origin == SHOP else []
        assert origin in {None, SHOP, "*"}
        # Cookies of the desk's own people never count for a shop's page.
        assert "Access-Control-Allow-Credentials" not in response

    assert wrong == []
    assert allowed


def test_fragments_are_stored_by_no_browser(account, asked):
    client = Client()
    client.force_login(factories.owner_of(account))
    headers = {"HX-Request": "true"}
    stored = [
        name
        for name, response in answers(client, "GET", asked, **headers)
        if "no-store" not in response["Cache-Control"] and name not in CACHED
    ]

    assert stored == []


def test_picture_of_an_agent_can_do_nothing(client, account):
    owner = factories.owner_of(account)
    owner.picture.save("me.webp", ContentFile(b"RIFF"))
    client.force_login(owner)

    response = client.get(f"/agents/{owner.public_id}/picture/")

    assert response.status_code == 200
    assert list(complaints("accounts:picture", response)) == []
    response.getvalue()


@pytest.mark.parametrize("url", ["/nowhere", "/%00", "/conversations/1/", "/widget/x"])
def test_addresses_that_are_none_have_them_too(client, url):
    assert list(complaints("", client.get(url))) == []


@pytest.mark.django_db(transaction=True)
async def test_probe_that_asks_the_engines_has_them_too(async_client):
    response = await async_client.get("/readyz")

    assert "no-store" in response["Cache-Control"]
    assert policy_of(response) == BARE
    assert {name: response[name] for name in FRAMED_BY_NOBODY} == FRAMED_BY_NOBODY


def test_static_files_have_them_but_for_the_policy_of_pages(client):
    response = client.get("/static/supportdesk/favicon.svg")

    assert response.status_code == 200
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in response
    response.getvalue()
