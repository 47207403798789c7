import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.urls import NoReverseMatch, reverse

from supportdesk.accounts import services
from supportdesk.accounts.models import User
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def test_login_opens_the_inbox(client, agent):
    response = sign_in(client, agent.email.upper())

    assert (response.status_code, response.url) == (302, "/")
    assert client.session["_auth_user_id"] == str(agent.pk)
    assert EmailAddress.objects.count() == 0


def test_login_changes_the_session_key(client, agent):
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = session.session_key

    sign_in(client, agent.email)

    assert client.cookies["sessionid"].value != planted
    assert not client.session.exists(planted)


@pytest.mark.parametrize(("remember", "persistent"), [("on", True), (None, False)])
def test_stay_signed_in_outlives_the_browser(client, agent, remember, persistent):
    sign_in(client, agent.email, **({"remember": remember} if remember else {}))

    assert bool(client.cookies["sessionid"]["max-age"]) is persistent


def test_refusal_does_not_tell_who_exists(client, agent):
    inactive = make_agent(agent.account, password=PASSWORD)
    services.change_access(agent=inactive, by=owner_of(agent.account), is_active=False)
    invited = make_agent(agent.account, password=None)
    pages = set()
    for email in (agent.email, inactive.email, invited.email, "nobody@example.com"):
        cache.clear()
        response = sign_in(client, email, "wrong")
        assert response.status_code == 422
        assert "_auth_user_id" not in client.session
        errors = response.context["form"].non_field_errors()
        pages.add(tuple(errors))

    assert pages == {("E-mail address and password do not match.",)}


def test_password_is_hashed_for_unknown_addresses_too(client, agent, monkeypatch):
    hashed = []
    original = User.set_password
    monkeypatch.setattr(
        User, "set_password", lambda *args: hashed.append(1) or original(*args)
    )

    sign_in(client, "nobody@example.com", "wrong")

    assert hashed == [1]


def test_inactive_agent_is_told_only_with_the_right_password(client, agent):
    services.change_access(agent=agent, by=owner_of(agent.account), is_active=False)

    response = sign_in(client, agent.email)

    assert response.url == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session
    assert client.get(response.url).status_code == 200


def test_switched_off_agent_is_signed_out_by_the_next_request(client, agent):
    client.force_login(agent)
    services.change_access(agent=agent, by=owner_of(agent.account), is_active=False)

    response = client.get("/profile/")

    assert response.url == "/accounts/login/?next=/profile/"


def test_five_failures_block_the_address_and_changing_the_host_does_not_help(
    client, agent, settings
):
    settings.ALLOWED_HOSTS = ["*"]
    for number in range(5):
        client.post(
            LOGIN,
            {"login": agent.email, "password": "wrong"},
            headers={"host": f"host-{number}.example.com"},
        )

    response = sign_in(client, agent.email)

    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [
        "Too many attempts. Wait a few minutes, then try again."
    ]
    assert "_auth_user_id" not in client.session


def test_many_attempts_from_one_address_get_the_429_page(client):
    statuses = [
        sign_in(client, f"nobody-{number}@example.com").status_code
        for number in range(31)
    ]

    assert statuses == [422] * 30 + [429]


def test_attempts_behind_a_proxy_are_counted_by_the_client(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def attempt(number, address):
        return client.post(
            LOGIN,
            {"login": f"nobody-{number}@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{number}, {address}"},
        ).status_code

    assert [attempt(number, "198.51.100.1") for number in range(31)][-1] == 429
    assert attempt(99, "198.51.100.2") == 422


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/profile/", "/profile/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://shop.example.com/", "/"),
    ],
)
def test_next_leads_only_into_the_desk(client, agent, settings, wanted, got):
    settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example.com"]
    settings.ALLOWED_HOSTS = ["testserver", "shop.example.com"]

    assert sign_in(client, agent.email, next=wanted).url == got


def test_operator_lands_in_the_admin(client):
    User.objects.create_superuser("op@example.com", PASSWORD, name="Op")

    assert sign_in(client, "op@example.com").url == "/admin/"


def test_signed_in_agent_is_sent_on(client, agent):
    client.force_login(agent)

    assert client.get(LOGIN).url == "/"


@pytest.mark.parametrize(
    "name",
    [
        *("signup", "email", "set_password"),
        *("confirm_login_code", "email_verification_sent"),
    ],
)
def test_pages_that_a_desk_does_not_need_do_not_exist(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"account_{name}")


@pytest.mark.parametrize("path", ["signup/", "email/", "social/", "3rdparty/", ""])
def test_their_paths_neither(client, agent, path):
    client.force_login(agent)

    assert client.get(f"/accounts/{path}").status_code == 404


def test_language_before_sign_in_by_cookie_then_by_browser(client):
    german = {"accept-language": "de"}
    assert "Content-Language" in client.get(LOGIN).headers
    assert client.get(LOGIN, headers=german).headers["Content-Language"] == "de"

    response = client.post("/i18n/setlang/", {"language": "en", "next": LOGIN})

    assert response.url == LOGIN
    assert response.cookies["django_language"].value == "en"
    assert client.get(LOGIN, headers=german).headers["Content-Language"] == "en"


def test_language_switch_leads_to_no_other_site(client):
    away = {"language": "de", "next": "https://evil.example/"}

    assert client.post("/i18n/setlang/", away).url == "/"


def test_language_after_sign_in_is_the_agents(client):
    agent = make_agent(make_account(), language="de")
    client.force_login(agent)
    client.cookies["django_language"] = "en"

    response = client.get("/profile/", headers={"accept-language": "en"})

    assert response.headers["Content-Language"] == "de"


def test_htmx_without_session_loads_the_whole_login_page(client):
    response = client.get("/profile/", headers={"hx-request": "true"})

    assert response.headers["HX-Redirect"] == LOGIN


def test_stale_page_is_explained_or_reloaded(agent):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)

    plain = client.post("/presence/", {"presence": "away"})
    htmx = client.post("/presence/", headers={"hx-request": "true"})

    assert plain.status_code == 403
    assert b"This page is too old" in plain.content
    assert htmx.headers["HX-Refresh"] == "true"
