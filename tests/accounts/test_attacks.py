"""What is tried at the entrance, beside what the tests of each page try."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from supportdesk.accounts import services, tasks
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

NEW = "nine lives of a cat"
INVALID = b"This link is no longer valid"


@pytest.fixture
def welcomed():
    agent = make_agent(make_account(), password=None)
    tasks.send_welcome(agent.pk)
    return agent


def link():
    found = re.search(r"http\S+/key/\S+", mail.outbox[-1].body)[0]
    return re.sub(r"^https?://[^/]+", "", found)


def choose_password(client, address, password=NEW):
    page = client.get(address)
    if page.status_code != 302:
        return page
    return client.post(page.url, {"password1": password, "password2": password})


def test_welcome_works_once(welcomed):
    choose_password(Client(), link())
    again = choose_password(Client(), link(), "eight lives of a dog")

    welcomed.refresh_from_db()
    assert INVALID in again.content
    assert welcomed.check_password(NEW)


def test_welcome_begun_twice_works_once(welcomed):
    first, second = Client(), Client()
    page = first.get(link()).url
    second.get(link())
    first.post(page, {"password1": NEW, "password2": NEW})

    late = second.post(page, {"password1": "eight lives", "password2": "eight lives"})

    welcomed.refresh_from_db()
    assert INVALID in late.content
    assert welcomed.check_password(NEW)


def test_welcome_is_void_after_seven_days(welcomed, monkeypatch):
    later = timezone.now().replace(tzinfo=None) + timedelta(days=7)
    monkeypatch.setattr(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now",
        lambda self: later,
    )

    assert INVALID in choose_password(Client(), link()).content
    welcomed.refresh_from_db()
    assert not welcomed.has_usable_password()


def test_welcome_after_a_change_of_role_gives_the_new_role(welcomed):
    services.change_access(agent=welcomed, by=owner_of(welcomed.account), role="full")
    services.change_access(agent=welcomed, by=owner_of(welcomed.account), role="agent")
    choose_password(Client(), link())
    client = Client()
    client.post("/accounts/login/", {"login": welcomed.email, "password": NEW})

    assert client.get("/profile/").status_code == 200
    assert client.get("/settings/channels/").status_code == 404
    assert client.get("/admin/").status_code == 404


def test_welcome_of_who_was_switched_off_opens_nothing(welcomed):
    services.change_access(
        agent=welcomed, by=owner_of(welcomed.account), is_active=False
    )
    choose_password(Client(), link())
    client = Client()
    client.post("/accounts/login/", {"login": welcomed.email, "password": NEW})

    assert "_auth_user_id" not in client.session


def test_known_session_key_of_a_stranger_is_not_taken_over():
    """A cookie that somebody planted names no session that the desk made."""
    agent = make_agent(make_account(), password=PASSWORD)
    client = Client()
    client.cookies["sessionid"] = planted = "plantedplantedplantedplanted1234"

    client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD})

    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        *("/accounts/login/", "/accounts/login/code/", "/accounts/logout/"),
        *("/accounts/password/change/", "/accounts/password/reset/"),
        *("/accounts/confirm/", "/signup/", "/settings/security/", "/presence/"),
        *("/profile/security/app/", "/profile/security/codes/new/"),
        *("/start/website/", "/start/invite/", "/start/finish/"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True], ids=["form", "htmx"])
def test_forms_of_other_sites_are_refused(path, htmx, settings):
    settings.SIGNUP_OPEN = True
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner_of(make_account()))
    key = client.session.session_key
    headers = {"origin": "https://evil.example"}
    if htmx:
        headers["hx-request"] = "true"

    response = client.post(path, {}, headers=headers)

    if htmx:
        # A fresh page, and nothing done: its token fits, the other site's never does.
        assert response.headers["HX-Refresh"] == "true"
    else:
        assert response.status_code == 403
    assert client.session.session_key == key
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/signup/", "/", "/profile/security/", "/admin/"]
)
def test_no_page_of_the_desk_can_be_framed(path, settings):
    settings.SIGNUP_OPEN = True
    client = Client()
    if path not in ("/accounts/login/", "/signup/"):
        client.force_login(owner_of(make_account()))

    response = client.get(path)

    assert response.status_code == 200
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/signup/", "/profile/security/", "/profile/security/app/", "/accounts/login/"],
)
def test_pages_with_secrets_are_kept_nowhere(path, settings):
    settings.SIGNUP_OPEN = True
    agent = make_agent(make_account(), password=PASSWORD)
    client = Client()
    if path.startswith("/profile"):
        client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD})

    assert "no-store" in client.get(path).headers["Cache-Control"]
