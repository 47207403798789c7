"""The API: a token of one account opens nothing of another, nor does another key."""

import json

import pytest
from django.test import Client

from tests.isolation.routes import routes
from tests.isolation.stored import changed, pointing_at, stored

METHODS = ("get", "post", "put", "patch", "delete", "head")
BODIES = [
    {},
    {"name": "Eve", "email": "eve@example.com", "phone": "+49 30 123456"},
    {"customer": {"Plan": "Pro"}, "user_id": "c-1"},
    {"Plan": "Pro"},
]


# Of no account: what the API is, and what it is not.
OF_NOBODY = {"api:openapi", "api:unknown"}
ADDRESSES = {
    "api:visitors": "",
    "api:visitor": "/{house.visitor.public_id}",
    "api:visitor_customer": "/{house.visitor.public_id}/customer",
    "api:visitor_export": "/{house.visitor.public_id}/export",
    "api:by_user_id": "/by-user-id/{house.visitor.user_id}",
}
# The pattern of one stands for two addresses.
BESIDES = {"api:by_user_id/customer": "/by-user-id/{house.visitor.user_id}/customer"}
# What the shop's own name of a customer would create, a row of one's own, and no leak.
CREATES = ("put", "api:by_user_id")


def address(name, house):
    return "/api/v1/visitors" + (ADDRESSES | BESIDES)[name].format(house=house)


def asked(method, url, key, body=None):
    options = {"headers": {"Authorization": f"Bearer {key}"}} if key else {}
    if body is not None and method not in {"get", "head"}:
        options |= {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(), method)(url, **options)


def said_by(response):
    return b"".join(response).decode()


def test_every_route_has_an_address():
    assert {route.name for route in routes("api")} - OF_NOBODY == set(ADDRESSES)


@pytest.mark.parametrize("name", [*ADDRESSES, *BESIDES])
def test_own_token_opens_it(name, ours):
    """Else silence below would mean nothing."""
    response = asked("get", address(name, ours), ours.api_key)

    assert response.status_code == 200
    if not name.endswith("customer"):
        assert ours.word in said_by(response)


@pytest.mark.parametrize("name", [*ADDRESSES, *BESIDES][1:])
def test_api_knows_no_visitor_of_another_account(name, theirs, ours, their_rows):
    url = address(name, theirs)

    for method in METHODS:
        for body in BODIES:
            response = asked(method, url, ours.api_key, body)
            expected = {404, 405, 422}
            if (method, name) == CREATES:
                # A customer of ours whom our shop calls the same.
                expected |= {200, 201}
            assert response.status_code in expected, method
            assert f"{theirs.word} " not in said_by(response)
            assert str(theirs.visitor.public_id) not in said_by(response)
    now = stored()
    assert changed(their_rows, now) == []
    assert pointing_at(their_rows, now) == []


@pytest.mark.parametrize(
    "query",
    [
        "email=ada@quitte.example",
        "email=ada@Quitte.example",
        "user_id=Quitte-1",
        "q=Quitte",
        "name=Quitte",
        "after=1",
        "cursor=1",
        "account=1",
    ],
)
def test_api_lists_nobody_of_another_account(query, theirs, ours):
    response = asked("get", f"/api/v1/visitors?{query}", ours.api_key)

    assert theirs.word not in response.text.replace(query, "")
    assert str(theirs.visitor.public_id) not in response.text


@pytest.mark.parametrize("kind", ["none", "browser", "session"])
def test_api_takes_no_other_key(kind, ours):
    client = Client()
    if kind == "session":
        client.force_login(ours.people["owner"])
    key = {"none": "", "browser": ours.browser_key, "session": ""}[kind]

    for name in (*ADDRESSES, *BESIDES):
        response = client.get(
            address(name, ours),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        assert response.status_code == 401
        assert ours.word not in response.text
