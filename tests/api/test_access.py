"""Who may ask, how often, and what everybody else is told."""

import logging
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from supportdesk.accounts import tokens
from supportdesk.accounts.models import ApiToken
from supportdesk.api import authentication, urls, visitors
from tests.api.caller import Caller, problem
from tests.factories import make_visitor, owner_of
from visitors import services
from visitors.models import CustomerInformation, Source, Visitor

ID = "8f14e45f-ceea-4670-a5b1-6d9d6a4a3f0e"
# Every route that there is, by the name of its pattern.
ROUTES = {
    "visitors": ["/visitors"],
    "visitor": [f"/visitors/{ID}"],
    "visitor_customer": [f"/visitors/{ID}/customer"],
    "visitor_export": [f"/visitors/{ID}/export"],
    "by_user_id": ["/visitors/by-user-id/c-1", "/visitors/by-user-id/c-1/customer"],
}
METHODS = {
    "/visitors": ["GET"],
    f"/visitors/{ID}": ["DELETE", "GET", "PATCH"],
    f"/visitors/{ID}/export": ["GET"],
    f"/visitors/{ID}/customer": ["DELETE", "GET", "PATCH", "PUT"],
    "/visitors/by-user-id/c-1": ["GET", "PUT"],
    "/visitors/by-user-id/c-1/customer": ["DELETE", "GET", "PATCH", "PUT"],
}
CALLS = [(method, path) for path, methods in METHODS.items() for method in methods]
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]


def as_token(text):
    return Caller(None, text, Client())


def test_the_tables_above_hold_every_route():
    named = {pattern.name for pattern in urls.urlpatterns}

    assert named == {*ROUTES, "openapi", "unknown"}
    assert sorted(METHODS) == sorted(
        path for paths in ROUTES.values() for path in paths
    )


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer 0",
        "Bearer sd_",
        f"Bearer sd_{'x' * 43}",
        f"Bearer sd_{'x' * 43}%00",
        f"Bearer sd_{'x' * 100_000}",
        f"Token sd_{'x' * 43}",
        f"Basic sd_{'x' * 43}",
        "Bearer {token} ",
        "Bearer  {token}",
        "bearer{token}",
        "{token}",
    ],
    ids=lambda header: header[:24],
)
def test_without_a_valid_token_nothing_is_answered(shop, method, path, header):
    before = Visitor.objects.count()
    headers = {"Authorization": header.format(token=shop.token)}

    response = shop(method, path, {"name": "Sofia"}, headers=headers)

    assert problem(response) == (401, "unauthorized")
    challenge = 'Bearer realm="supportdesk"'
    assert response["WWW-Authenticate"] in (
        challenge,
        f'{challenge}, error="invalid_token"',
    )
    assert Visitor.objects.count() == before


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_revoked_token_is_refused_at_once(shop, method, path):
    assert shop.get("/visitors").status_code == 200
    tokens.revoke_api_token(token=ApiToken.objects.get())

    response = shop(method, path, {"name": "Sofia"})

    assert problem(response) == (401, "unauthorized")
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_agents_session_is_worth_nothing_here(shop):
    client = Client()
    client.force_login(owner_of(shop.account))

    assert problem(Caller(None, "", client).get("/visitors")) == (401, "unauthorized")


def test_scheme_may_be_written_in_small_letters(shop):
    headers = {"Authorization": f"bearer {shop.token}"}

    assert shop.get("/visitors", headers=headers).status_code == 200


def test_use_of_a_token_is_noted(shop):
    shop.get("/visitors")

    assert ApiToken.objects.get().last_used_at is not None


def test_nothing_of_another_account_leaks(shop, stranger):
    """The stranger asks for somebody who is there, by every key that there is."""
    visitor = make_visitor(shop.account, name="Secretia", email="secret@example.net")
    visitor = services.update_from_shop(visitor=visitor, user_id="secret-1")
    customer = f"/visitors/{visitor.public_id}/customer"
    shop.put(customer, {"items": {"secret": "gold"}})
    cursor = _cursor(shop)
    before = [
        list(Visitor.objects.values()),
        list(CustomerInformation.objects.values()),
    ]
    body = {"items": {"own": 1}}

    answers = {
        ("GET", f"/visitors/{visitor.public_id}"): None,
        ("PATCH", f"/visitors/{visitor.public_id}"): {"name": "Changed"},
        ("DELETE", f"/visitors/{visitor.public_id}"): None,
        ("GET", f"/visitors/{visitor.public_id}/export"): None,
        ("GET", customer): None,
        ("PUT", customer): body,
        ("PATCH", customer): body,
        ("DELETE", customer): None,
        ("GET", "/visitors/by-user-id/secret-1/customer"): None,
        ("PUT", "/visitors/by-user-id/secret-1/customer"): body,
        ("PATCH", "/visitors/by-user-id/secret-1/customer"): body,
        ("DELETE", "/visitors/by-user-id/secret-1/customer"): None,
    }

    for (method, path), content in answers.items():
        foreign = stranger(method, path, content)
        unknown = stranger(
            method,
            path.replace(str(visitor.public_id), ID).replace("secret-1", "nobody"),
            content,
        )
        assert problem(foreign) == (404, "not_found"), path
        assert foreign.content == unknown.content
    for query in ("", "?email=secret@example.net", "?user_id=secret-1"):
        assert stranger.get(f"/visitors{query}").json() == {
            "items": [],
            "next_cursor": None,
        }
    assert stranger.get(f"/visitors?cursor={cursor}").json()["items"] == []
    assert before == [
        list(Visitor.objects.values()),
        list(CustomerInformation.objects.values()),
    ]
    # It could have leaked: its own account sees all of it.
    assert shop.get(customer).json()["items"]["secret"]["value"] == "gold"


def _cursor(shop):
    make_visitor(shop.account)
    return shop.get("/visitors?limit=1").json()["next_cursor"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path, allowed in METHODS.items()
        for method in ALL_METHODS
        if method not in allowed
    ],
)
def test_wrong_methods_are_named(shop, method, path):
    response = shop(method, path)

    assert response.status_code == 405
    assert response["Allow"] == ", ".join(METHODS[path])
    if method != "HEAD":
        assert problem(response) == (405, "wrong_method")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/visitors/",
        "/visitors/7",
        f"/visitors/{ID.upper()}",
        f"/visitors/{ID}/",
        f"/visitors/{ID}/conversations",
        f"/visitors/{ID}%0A",
        "/visitors/by-user-id/",
        "/visitors/by-user-id//customer",
        "/agents",
        "/docs",
        "/%00",
        "/a%0Ab",
        "/../v1/nothing",
    ],
)
def test_unknown_paths_are_answered_in_json(shop, path):
    assert problem(shop.get(path)) == (404, "not_found")
    assert problem(as_token("").get(path)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/", "/api/v2/visitors", "/api/v1"])
def test_so_are_those_beside_the_version(client, path):
    assert problem(client.get(path)) == (404, "not_found")
    assert problem(client.post(path)) == (404, "not_found")


def test_each_token_has_a_limit_that_is_counted_before_the_database(shop, monkeypatch):
    monkeypatch.setattr(authentication, "REQUEST_RATE", "3/minute")
    other = Caller(
        shop.account,
        tokens.create_api_token(
            account=shop.account, agent=owner_of(shop.account), name="Another"
        )[1],
        Client(),
    )

    statuses = [shop.get("/visitors").status_code for _ in range(3)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        refused = shop.put("/visitors/by-user-id/c-1", {"name": "Sofia"})

    assert statuses == [200, 200, 200]
    assert problem(refused) == (429, "rate_limited")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert len(queries) == 0
    assert other.get("/visitors").status_code == 200


def test_bad_tokens_are_limited_by_address_before_the_database(shop, monkeypatch):
    monkeypatch.setattr(authentication, "BAD_RATE", "3/minute")
    guesses = [as_token(f"sd_{number:043d}") for number in range(5)]

    answers = [problem(guess.get("/visitors")) for guess in guesses[:3]]
    with CaptureQueriesContext(connection) as queries:
        refused = guesses[3].get("/visitors")
        nameless = as_token("").get("/visitors")

    assert answers == [(401, "unauthorized")] * 3
    assert problem(refused) == problem(nameless) == (429, "rate_limited")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert len(queries) == 0
    elsewhere = guesses[4].get("/visitors", REMOTE_ADDR="203.0.113.9")
    assert problem(elsewhere) == (401, "unauthorized")


def test_good_token_goes_on_beside_a_program_with_a_bad_one(shop, monkeypatch):
    monkeypatch.setattr(authentication, "BAD_RATE", "2/minute")
    shop.get("/visitors")
    bad = as_token(f"sd_{'x' * 43}")

    statuses = [bad.get("/visitors").status_code for _ in range(4)]

    assert statuses == [401, 401, 429, 429]
    assert shop.get("/visitors").status_code == 200


def test_one_ipv6_customer_is_one_address(shop, monkeypatch):
    monkeypatch.setattr(authentication, "BAD_RATE", "1/minute")

    answers = [
        as_token("").get("/visitors", REMOTE_ADDR=f"2001:db8::{number}").status_code
        for number in range(1, 4)
    ]

    assert answers == [401, 429, 429]


def test_neither_token_nor_address_is_logged(shop, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(authentication, "REQUEST_RATE", "3/minute")
    monkeypatch.setattr(visitors, "page_of", _broken)
    client = Client(raise_request_exception=False)
    caller = Caller(shop.account, shop.token, client)
    for scheme in ("Bearer", "Basic"):
        headers = {"Authorization": f"{scheme} {shop.token}"}
        caller.get("/visitors", headers=headers, REMOTE_ADDR="203.0.113.7")
    caller.put("/visitors/by-user-id/c-1", b"{", REMOTE_ADDR="203.0.113.7")
    for _ in range(2):
        caller.get("/visitors", REMOTE_ADDR="203.0.113.7")

    records = [f"{record.getMessage()} {record.exc_text}" for record in caplog.records]
    assert any("Internal Server Error" in record for record in records)
    for record in records:
        assert shop.token not in record
        assert "203.0.113.7" not in record


def _broken(*args, **kwargs):
    raise RuntimeError("postgres://desk:hunter2@db")


@pytest.mark.parametrize("debug", [False, True])
def test_mistake_of_ours_says_nothing_of_itself(shop, monkeypatch, settings, debug):
    monkeypatch.setattr(visitors, "page_of", _broken)
    settings.DEBUG = debug
    caller = Caller(shop.account, shop.token, Client(raise_request_exception=False))

    response = caller.get("/visitors")

    assert problem(response) == (500, "server_error")
    assert "hunter2" not in response.content.decode()


def test_so_does_one_before_any_view(shop, monkeypatch):
    monkeypatch.setattr(
        "supportdesk.accounts.middleware.AgentLocaleMiddleware.__call__", _broken
    )
    caller = Caller(shop.account, shop.token, Client(raise_request_exception=False))

    response = caller.get("/visitors")

    assert problem(response) == (500, "server_error")


def test_host_that_is_not_ours_is_refused_in_json(shop):
    response = shop.get("/visitors", headers={"Host": "evil.example.net"})

    assert problem(response) == (400, "bad_request")


def test_sentences_are_in_the_language_that_is_asked_for(shop):
    from django.utils.translation import override

    response = shop.get("/visitors/x", headers={"Accept-Language": "de"})

    assert response["Content-Language"] == "de"
    assert "Accept-Language" in response["Vary"]
    with override("de"):
        from supportdesk.api.errors import not_found

        assert response.json()["error"]["message"] == not_found().message


def test_answers_are_nobody_elses(shop):
    response = shop.get("/visitors")

    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in response
    assert re.search(r"default-src 'none'", response["Content-Security-Policy"])
    assert not response.cookies


def test_sources_that_are_api(shop):
    make_visitor(shop.account)
    shop.put("/visitors/by-user-id/c-1", {"name": "Sofia"})

    assert Visitor.objects.get(user_id="c-1").name_source == Source.API
