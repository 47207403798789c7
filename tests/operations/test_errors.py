import json

import pytest
from django.test import Client
from django.urls import get_resolver

from channels_integration.website import reading
from conversations.views import inbox
from tests import factories

SHOP = "https://shop.example.com"

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(monkeypatch):
    """A desk whose views fail with something that nobody should read."""

    def fail(*args, **kwargs):
        raise RuntimeError("postgres://desk:hunter2@db")

    # Views that are loaded now would keep what is broken for all that follows.
    assert get_resolver().url_patterns
    monkeypatch.setattr(reading, "widget_config", fail)
    monkeypatch.setattr(inbox, "list_context", fail)
    return Client(raise_request_exception=False)


def test_widget_gets_an_answer_it_can_read(broken):
    channel = factories.make_channel(factories.make_account())

    response = broken.get(
        f"/widget/config?key={channel.public_key}", headers={"Origin": SHOP}
    )

    assert response.status_code == 500
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert json.loads(response.content) == {
        "error": {
            "code": "server_error",
            "message": "Something went wrong. Please try again.",
        }
    }


def test_person_gets_a_page(broken):
    broken.force_login(factories.make_agent(factories.make_account()))

    response = broken.get("/")

    assert response.status_code == 500
    assert "Something went wrong" in response.text
    assert "hunter2" not in response.text
