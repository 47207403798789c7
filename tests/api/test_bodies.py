import json

import pytest
from django.test import Client

from supportdesk.api.bodies import MAX_BODY
from tests.api.caller import Caller, fields, problem
from tests.factories import make_visitor
from visitors.models import CustomerInformation, Visitor

CUSTOMER = "/visitors/by-user-id/c-1"
NAME = b'{"name": "Sofia"}'


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"name=Sofia",
        b'{"name": "Sofia",}',
        b"{'name': 'Sofia'}",
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": "Sofia", "name": "Piet"}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"name": ' + b"9" * 60_000 + b"}",
        b'{"name": "a\x00b"}',
        b"\x00",
    ],
    ids=lambda body: repr(body)[:24],
)
def test_what_is_not_json_is_refused(shop, body):
    assert problem(shop.put(CUSTOMER, body)) == (400, "bad_request")
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
    ],
)
def test_other_types_are_refused(shop, content_type):
    response = shop.put(CUSTOMER, NAME, content_type=content_type)

    assert problem(response) == (415, "unsupported_media_type")
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8"]
)
def test_json_is_taken(shop, content_type):
    assert shop.put(CUSTOMER, NAME, content_type=content_type).status_code == 201


def test_body_that_is_missing_is_named(shop):
    assert fields(shop.put(CUSTOMER, b"")) == ["body"]


@pytest.mark.parametrize("size", [MAX_BODY + 1, 1_000_000, 5_000_000])
def test_large_bodies_are_refused_unread(shop, size):
    body = b'{"name": "' + b"x" * (size - 12) + b'"}'
    assert len(body) == size

    assert problem(shop.put(CUSTOMER, body)) == (413, "too_large")
    assert not Visitor.objects.exists()


def test_body_of_the_largest_size_is_read(shop):
    body = b'{"name": "Sofia"}'.ljust(MAX_BODY)

    assert shop.put(CUSTOMER, body).status_code == 201


def test_ten_thousand_keys_are_refused(shop):
    keys = {f"{number}": 1 for number in range(10_000)}
    fewer = {f"{number}": 1 for number in range(6_000)}
    assert len(json.dumps(fewer)) < MAX_BODY
    make_visitor(shop.account)
    shop.put(CUSTOMER, {})
    information = f"{CUSTOMER}/customer"

    assert problem(shop.put(CUSTOMER, keys)) == (413, "too_large")
    assert problem(shop.put(information, {"items": keys})) == (413, "too_large")
    for response in (
        shop.put(CUSTOMER, fewer),
        shop.put(information, {"items": fewer}),
    ):
        assert len(fields(response)) == 100
        assert len(response.content) < 20_000
    assert not CustomerInformation.objects.exists()


@pytest.mark.parametrize("length", ["-1", "x", "9" * 400, "1e3", "10"])
def test_announced_length_is_not_believed(shop, length):
    response = shop.put(CUSTOMER, NAME, CONTENT_LENGTH=length)

    assert response.status_code in (400, 413, 201)
    if response.status_code != 201:
        problem(response)


def test_unannounced_body_is_limited_too(shop):
    """As a chunked request arrives: in full, without a length."""
    from io import BytesIO

    from django.core.handlers.asgi import ASGIRequest

    from supportdesk.api.bodies import read_body
    from supportdesk.api.errors import ApiError

    scope = {"type": "http", "method": "PUT", "path": "/", "headers": []}
    request = ASGIRequest(scope, BytesIO(b"x" * (MAX_BODY + 1)))

    with pytest.raises(ApiError, match="too_large"):
        read_body(request)
    small = ASGIRequest(scope, BytesIO(b"x" * MAX_BODY))
    read_body(small)
    assert small.body == b"x" * MAX_BODY


def test_no_cookie_and_no_csrf_token_is_needed(shop):
    caller = Caller(shop.account, shop.token, Client(enforce_csrf_checks=True))

    assert caller.put(CUSTOMER, NAME).status_code == 201
