import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command

from supportdesk.api import authentication, errors, openapi
from supportdesk.api.bodies import MAX_BODY
from supportdesk.api.openapi import FILE, description
from tests.api.caller import problem
from tests.api.test_access import METHODS
from visitors.customer import MAX_BYTES, MAX_KEYS

PATH = "/api/v1/openapi.json"


@pytest.fixture
def document():
    return json.loads(description())


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_committed_document_is_current():
    """`make openapi` writes it anew."""
    assert FILE.read_text(encoding="utf-8") == description()


def test_command_writes_the_document(tmp_path, monkeypatch):
    from supportdesk.operations.management.commands import write_openapi

    monkeypatch.setattr(write_openapi, "FILE", tmp_path / "openapi.json")

    call_command("write_openapi")

    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == description()


def test_document_is_served_without_a_token(client, document):
    response = client.get(PATH)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json() == document
    assert client.head(PATH).status_code == 200
    assert problem(client.post(PATH)) == (405, "wrong_method")
    assert client.post(PATH)["Allow"] == "GET, HEAD"


def test_its_readers_are_limited(client, monkeypatch):
    monkeypatch.setattr(authentication, "DESCRIPTION_RATE", "1/minute")

    first, second = client.get(PATH), client.get(PATH)

    assert first.status_code == 200
    assert problem(second) == (429, "rate_limited")
    assert second["Retry-After"]


def test_document_names_every_route_and_method(document):
    sample = {
        "{visitor_id}": "8f14e45f-ceea-4670-a5b1-6d9d6a4a3f0e",
        "{user_id}": "c-1",
    }

    found = {}
    for path, methods in document["paths"].items():
        for name, value in sample.items():
            path = path.replace(name, value)
        found[path.removeprefix("/api/v1")] = sorted(map(str.upper, methods))

    assert found == METHODS


def test_operations_have_names_tokens_and_errors_of_one_shape(document):
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)
    error = {"$ref": "#/components/schemas/ErrorOutput"}
    for operation in operations(document).values():
        assert operation["security"] == [{"BearerToken": []}]
        answers = operation["responses"]
        assert {"401", "429", "500"} <= set(answers)
        assert list(answers["401"]["headers"]) == ["WWW-Authenticate"]
        assert list(answers["429"]["headers"]) == ["Retry-After"]
        for status, answer in answers.items():
            if status >= "400":
                assert answer["content"]["application/json"]["schema"] == error
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(answers)
    scheme = document["components"]["securitySchemes"]["BearerToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_document_has_examples_that_the_api_takes(document, shop):
    schemas = document["components"]["schemas"]
    customer = {
        name: field["anyOf"][0]["examples"][0]
        for name, field in schemas["ProfileInput"]["properties"].items()
    }
    information = schemas["CustomerInput"]["properties"]["items"]["examples"][0]

    created = shop.put("/visitors/by-user-id/c-1", customer)
    stored = shop.put("/visitors/by-user-id/c-1/customer", {"items": information})

    assert (created.status_code, stored.status_code) == (201, 200)
    example = schemas["VisitorOutput"]["examples"][0]
    assert created.json().keys() == example.keys()
    error = schemas["ErrorOutput"]["examples"][0]
    assert error["error"].keys() == {"code", "message", "fields"}


def test_references_lead_somewhere(document):
    text = json.dumps(document)
    schemas = document["components"]["schemas"]

    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in schemas


def test_every_status_has_words():
    assert {
        str(code) for code in (200, 201, 204, 400, 401, 404, 409, 413, 415, 422)
    } < (set(openapi._ANSWERS))


def test_page_about_the_api_names_its_codes_and_limits():
    page = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    refusals = [
        errors.bad_request(),
        errors.unauthorized(was_given=False),
        errors.suspended(),
        errors.not_found(),
        errors.wrong_method([]),
        errors.conflict({}),
        errors.too_large(),
        errors.wrong_type(),
        errors.invalid({}),
        errors.rate_limited(1),
        errors.server_error(),
    ]

    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)

    assert rows == [(str(refusal.status), refusal.code) for refusal in refusals]
    for rate in (authentication.REQUEST_RATE, authentication.BAD_RATE):
        assert rate.partition("/")[0] in page
    assert f"{MAX_BODY // 1024} kB" in page
    assert f"at most {MAX_KEYS} entries and {MAX_BYTES // 1024} kB" in page
