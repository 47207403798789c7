"""The widget: a browser's key opens its own conversation, and nothing of another."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations import services
from tests.isolation.routes import routes
from tests.isolation.stored import changed, differing, pointing_at, stored

SHOP = "https://shop.example.com"
ROUTES = routes("widget")
# They say what is public, or give the key.
WITHOUT_KEY = {"website:config", "website:session"}
CLIENT_ID = str(uuid.UUID(int=7))
# What a browser posts; addresses that are not here are read.
POSTED = {
    "website:session": {},
    "website:messages": {"client_id": CLIENT_ID, "text": "Hello?"},
    "website:files": {"client_id": CLIENT_ID},
    "website:contact": {"name": "Eve", "email": "eve@example.com"},
    "website:seen": {"seq": 1},
    "website:rating": {"rating": 5, "comment": "Good"},
    "website:transcript": {"email": "eve@example.com"},
    "website:identify": {"user_id": "c-7", "name": "Eve"},
    "website:customer": {"items": {"Plan": "Pro"}},
    "website:logout": {},
    "website:visit": {"pages": [{"url": f"{SHOP}/mill", "title": "The mill"}]},
}


def asked(route, url, house, key, **more):
    """What the widget sends, with `more` besides or in place of it."""
    headers = {"Origin": SHOP, "Authorization": f"Bearer {key}"}
    shop = {"key": house.channel.public_key}
    if route.name not in POSTED:
        return Client().get(url, {**shop, "after": 0, **more}, headers=headers)
    body = {**POSTED[route.name], **shop, **more}
    if route.name == "website:visit":
        # A beacon has no headers of its own.
        body["token"] = key
        del headers["Authorization"]
    if route.name == "website:files":
        body["file"] = SimpleUploadedFile("a.txt", b"Mine")
        return Client().post(url, body, headers=headers)
    return Client().post(
        url, json.dumps(body), content_type="application/json", headers=headers
    )


def named_by(house):
    """Their things under every name that a browser might send."""
    return {
        "client_id": str(house.answer.client_id),
        "conversation": str(house.conversation.public_id),
        "visitor": str(house.visitor.public_id),
        "session": house.session.pk,
        "account": house.account.pk,
        "channel": house.channel.pk,
        "group": house.group.key,
        "user_id": house.visitor.user_id,
        "email": house.visitor.email,
    }


def said_by(response):
    return b"".join(response).decode(errors="replace")


@pytest.fixture
def ready(ours):
    """Rated is what has been resolved."""
    services.resolve_conversation(
        conversation_id=ours.conversation.pk, agent=ours.people["owner"]
    )


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_widget_answers_its_own_browser(route, ours, ready):
    """Else silence below would mean nothing."""
    response = asked(route, route.url(ours), ours, ours.browser_key)
    said = said_by(response)

    assert response.status_code in {200, 201, 204}, said


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_widget_shows_and_takes_nothing_of_another_account(
    route, theirs, ours, their_rows, ready
):
    names = named_by(theirs)
    # Those that a request of this kind has besides leave it valid.
    besides = {name: names[name] for name in names.keys() - POSTED.get(route.name, {})}

    for more in (besides, names):
        response = asked(route, route.url(ours), ours, ours.browser_key, **more)
        said = said_by(response)
        for value in more.values():
            # Said back, and never more of it.
            said = said.replace(json.dumps(value), "")

        assert response.status_code < 500
        assert theirs.word not in said
        if route.name == "website:logout":
            break
    now = stored()
    assert changed(their_rows, now) == []
    assert pointing_at(their_rows, now) == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.arguments], ids=str
)
def test_widget_opens_no_object_of_another_account(route, theirs, ours, their_rows):
    response = asked(route, route.url(theirs), ours, ours.browser_key)

    assert response.status_code == 404
    assert theirs.word not in said_by(response)
    assert changed(their_rows, stored()) == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.name not in WITHOUT_KEY], ids=str
)
def test_widget_knows_nobody_without_a_browser_s_key(route, ours, all_rows):
    """The request is as it should be but for the key."""
    for key in ("", "0" * 43, ours.api_key):
        response = asked(route, route.url(ours), ours, key)

        assert response.status_code == 401
        assert ours.word not in said_by(response)
    assert differing(all_rows, stored()) == []
