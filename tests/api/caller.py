"""A shop's server as the tests play it: a token, JSON, nothing of a browser."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from supportdesk.accounts import tokens
from supportdesk.accounts.models import Account
from tests.factories import make_account, owner_of

ROOT = "/api/v1"
HIDDEN = "[card ····1111]"
CARD = "4111 1111 1111 1111"


@dataclass
class Caller:
    account: Account
    token: str
    client: Any

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send `body` as JSON, or as it is if it is bytes; `path` begins after `/v1`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= options.pop("headers", {})
        if body is not None:
            options.setdefault("content_type", "application/json")
            options["data"] = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(
            method,
            ROOT + path,
            headers={k: v for k, v in headers.items() if v},
            **options,
        )

    def get(self, path: str, **options: Any) -> Any:
        return self("GET", path, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self("PUT", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:
        return self("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self("DELETE", path, **options)


def make_caller(account: Account | None = None) -> Caller:
    account = account or make_account()
    _token, text = tokens.create_api_token(
        account=account, agent=owner_of(account), name="Shop server"
    )
    return Caller(account, text, Client())


def problem(response: Any) -> tuple[int, str]:
    """Status and code, of an answer that has the shape of all errors."""
    content = response.json()
    assert response["Content-Type"] == "application/json"
    assert list(content) == ["error"]
    assert set(content["error"]) in (
        {"code", "message"},
        {"code", "message", "fields"},
    )
    assert content["error"]["message"]
    return response.status_code, content["error"]["code"]


def fields(response: Any) -> list[str]:
    """The fields that are to blame, of an answer that says nothing was stored."""
    assert problem(response) == (422, "invalid")
    return sorted(response.json()["error"].get("fields", {}))
