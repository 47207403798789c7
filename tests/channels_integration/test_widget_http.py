import json

import pytest
from django.test import Client
from django.utils import timezone

from channels_integration.website import services
from channels_integration.website.models import VisitorSession, hash_token
from conversations import services as conversations
from conversations.models import Conversation
from tests.channels_integration.browser import (
    FOREIGN,
    SHOP,
    put_online,
    texts_of,
)
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_group,
)
from visitors.models import Visitor

pytestmark = pytest.mark.django_db


# The way in


def test_loader_answers_with_etag(client):
    first = client.get("/widget.js")
    again = client.get("/widget.js", headers={"If-None-Match": first["ETag"]})

    assert first.status_code == 200
    assert first["Cache-Control"] == "public, max-age=300"
    assert first["Content-Type"] == "text/javascript; charset=utf-8"
    assert b"support-widget" in first.content
    assert (again.status_code, again.content) == (304, b"")
    assert client.post("/widget.js").status_code == 405


def test_config_says_how_to_draw_the_widget(client):
    account = make_account()
    channel = make_channel(
        account, color="#A8481F", ask_group=True, texts={"de": {"welcome": "Moin!"}}
    )
    group = make_group(account)
    put_online(account)

    response = client.get(
        f"/widget/config?key={channel.public_key}&lang=de-AT", headers={"Origin": SHOP}
    )

    answer = response.json()
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in response["Vary"]
    assert answer["language"] == "de"
    assert answer["color"] == "#a8481f"
    assert answer["texts"]["de"] == {"welcome": "Moin!"}
    assert answer["groups"] == [{"key": group.key, "name": group.name}]
    assert answer["group_keys"] == [group.key]
    assert answer["online"] is True
    assert answer["agents"][0]["name"] == "Olga"
    assert "example.com" not in json.dumps(answer["agents"])


@pytest.mark.parametrize(
    ("config", "track"),
    [({}, True), ({"track": True}, True), ({"track": False}, False)],
)
def test_config_says_whether_visitors_are_shown_before_they_write(
    client, config, track
):
    channel = make_channel(make_account(), **config)

    response = client.get(
        f"/widget/config?key={channel.public_key}", headers={"Origin": SHOP}
    )

    assert response.json()["track"] is track


@pytest.mark.parametrize("key", ["", "nope", "0", "%20", "a%00", "a" * 300])
def test_config_of_unknown_key_is_404(client, key):
    response = client.get(f"/widget/config?key={key}", headers={"Origin": SHOP})

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "unknown_key"


def test_config_of_foreign_origin_is_refused(client):
    channel = make_channel(make_account())

    response = client.get(
        f"/widget/config?key={channel.public_key}", headers={"Origin": FOREIGN}
    )

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "foreign_origin"
    assert "Access-Control-Allow-Origin" not in response


def test_session_opens_visitor_and_stores_only_a_hash(client):
    channel = make_channel(make_account())

    response = client.post(
        "/widget/session",
        {"key": channel.public_key, "lang": "de"},
        content_type="application/json",
        headers={"Origin": SHOP},
    )

    token = response.json()["token"]
    session = VisitorSession.objects.get()
    assert response.status_code == 201
    assert session.token_hash == hash_token(token)
    assert session.visitor.language == "de"
    assert not response.cookies


@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "", "https://shop.example.com.evil.net"]
)
def test_session_needs_an_allowed_origin(client, origin):
    channel = make_channel(make_account())

    response = client.post(
        "/widget/session",
        {"key": channel.public_key},
        content_type="application/json",
        headers={"Origin": origin} if origin else {},
    )

    assert response.status_code == 403
    assert not Visitor.objects.exists()


def test_preflight_is_answered_without_credentials(client):
    response = client.options(
        "/widget/messages",
        headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"},
    )

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert response["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *[(path, "get") for path in ("session", "messages", "contact", "seen")],
        *[(path, "get") for path in ("rating", "transcript", "files")],
        *[(path, "post") for path in ("config", "conversation")],
    ],
)
def test_wrong_method_is_405(browser, path, method):
    response = getattr(browser.client, method)(
        f"/widget/{path}", headers=browser.headers()
    )

    assert response.status_code == 405
    assert response.json()["error"]["code"] == "wrong_method"


# The token


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer 0",
        "Bearer %20",
        "Basic {token}",
        "Bearer {token}x",
        "Bearer {token} ",
        "bearer {token}",
        "Bearer {upper}",
        "{token}",
    ],
)
def test_odd_tokens_open_nothing(browser, header):
    filled = header.format(token=browser.token, upper=browser.token.swapcase())

    response = browser.get("conversation", Authorization=filled)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "session_gone"
    assert response["Access-Control-Allow-Origin"] == SHOP


@pytest.mark.parametrize("what", ["revoked", "website off", "key off"])
def test_revoked_token_is_401_at_once(browser, what):
    browser.say("Hello")
    if what == "revoked":
        services.revoke_session(session=browser.session)
    else:
        browser.channel.is_active = False
        browser.channel.save()

    assert browser.get("conversation").status_code == 401
    assert browser.say("Again").status_code == 401


def test_token_from_a_foreign_site_is_refused(browser):
    browser.origin = FOREIGN

    assert browser.get("conversation").status_code == 403
    assert browser.say("Hello").status_code == 403
    assert not Conversation.objects.exists()


# Reading


def test_thread_shows_public_entries_only(browser):
    browser.say("Hello")
    conversation = browser.conversation
    agent = make_agent(conversation.account)
    conversations.add_note(
        conversation_id=conversation.pk, agent=agent, text="Secret note"
    )
    conversations.note_offline(conversation_id=conversation.pk)
    conversations.mark_missed(conversation_id=conversation.pk, left_at=timezone.now())
    agent_writes(conversation, agent, "Good morning!")

    response = browser.get("conversation")

    answer = response.json()
    assert "missed" not in response.content.decode()
    assert "offline" not in response.content.decode()
    assert "Secret" not in response.content.decode()
    assert agent.email not in response.content.decode()
    assert [entry.get("text") for entry in answer["messages"]] == [
        "Hello",
        None,
        "Good morning!",
    ]
    assert [entry["seq"] for entry in answer["messages"]] == [1, 2, 3]
    assert answer["agent"]["name"] == "Anna"


def test_catch_up_starts_after_the_seq(browser):
    for number in range(3):
        browser.say(f"Message {number}")

    answer = browser.get("conversation?after=1").json()

    assert [entry["seq"] for entry in answer["messages"]] == [2, 3]
    assert answer["more"] is False


def test_newest_page_and_the_one_before(browser):
    browser.say("Message 0")
    for number in range(1, 53):
        conversations.post_visitor_message(
            conversation_id=browser.conversation.pk,
            channel=browser.channel,
            text=f"Message {number}",
        )

    newest = browser.get("conversation").json()
    before = browser.get(f"conversation?before={newest['messages'][0]['seq']}").json()

    assert [entry["seq"] for entry in newest["messages"]] == list(range(4, 54))
    assert newest["more"] is True
    assert [entry["seq"] for entry in before["messages"]] == [1, 2, 3]
    assert before["more"] is False


@pytest.mark.parametrize("count", [1, 30])
def test_thread_costs_the_same_however_long(
    browser, count, django_assert_max_num_queries
):
    browser.say("Hello")
    agent = make_agent(browser.channel.account)
    for number in range(count):
        agent_writes(browser.conversation, agent, f"Answer {number}")

    with django_assert_max_num_queries(5):
        browser.get("conversation")


def test_seen_is_kept(browser):
    browser.say("Hello")

    browser.post("seen", {"seq": 1})
    browser.post("seen", {"seq": 999})

    assert browser.conversation.visitor_seen_seq == 1


# Limits


def test_limit_hits_before_the_database(
    browser, settings, django_assert_max_num_queries
):
    settings.WIDGET_RATE_FACTOR = 0.02
    browser.say("Hello")
    # 60 a minute times 0.02 is one message a minute for this session.
    response = browser.say("Again")

    assert response.status_code == 429
    assert response.json()["error"]["code"] == "rate_limited"
    assert texts_of(browser.conversation) == ["Hello"]


def test_no_cookie_is_ever_set(browser):
    responses = [
        browser.client.get("/widget.js"),
        browser.say("Hello"),
        browser.get("conversation"),
    ]

    assert [dict(response.cookies) for response in responses] == [{}, {}, {}]


def test_csrf_is_not_asked_for(browser):
    browser.client = Client(enforce_csrf_checks=True)

    assert browser.say("Hello").status_code == 201
