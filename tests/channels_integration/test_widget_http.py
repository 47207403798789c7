import json
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from channels_integration.website import services
from channels_integration.website.models import VisitorSession, hash_token
from conversations import services as conversations
from conversations.models import Attachment, Conversation, Message
from supportdesk.accounts import presence
from tests.channels_integration.browser import FOREIGN, SHOP, new_id, open_browser
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_group,
    owner_of,
)
from visitors.models import Visitor

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00"
    b"\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75"
    b"\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client):
    return open_browser(client)


def put_online(account):
    agent = owner_of(account)
    presence.touch(account.pk, agent.pk, "test")
    return agent


def texts_of(conversation):
    rows = conversation.messages.filter(kind=Message.Kind.MESSAGE).order_by("seq")
    return list(rows.values_list("text", flat=True))


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
    assert answer["online"] is True
    assert answer["agents"][0]["name"] == "Olga"
    assert "example.com" not in json.dumps(answer["agents"])


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


# Messages


def test_first_message_starts_a_conversation(browser):
    response = browser.say(
        "Hello",
        page={
            "url": "https://shop.example.com/cart?token=abc&item=3#top",
            "title": "Cart",
        },
    )

    conversation = browser.conversation
    started = conversation.messages.get(event=Message.Event.STARTED)
    assert response.status_code == 201
    assert response.json()["message"]["text"] == "Hello"
    assert response.json()["conversation"]["id"] == str(conversation.public_id)
    assert started.data == {
        "url": "https://shop.example.com/cart?item=3",
        "title": "Cart",
    }


def test_same_client_id_is_stored_once(browser):
    client_id = new_id()

    first = browser.say("Hello", client_id)
    again = browser.say("Hello", client_id)

    assert first.json()["message"] == again.json()["message"]
    assert texts_of(browser.conversation) == ["Hello"]


def test_next_message_continues_and_reopens(browser):
    browser.say("Hello")
    conversation = browser.conversation
    conversations.resolve_conversation(
        conversation_id=conversation.pk, agent=owner_of(conversation.account)
    )

    browser.say("One more thing")

    conversation.refresh_from_db()
    assert browser.conversation == conversation
    assert conversation.status == Conversation.Status.OPEN
    assert texts_of(conversation) == ["Hello", "One more thing"]


def test_after_the_reopen_window_another_conversation_begins(browser):
    browser.say("Hello")
    account = browser.channel.account
    account.reopen_window_days = 0
    account.save()
    first = browser.conversation
    last = new_id()
    browser.say("Bye", last)
    conversations.resolve_conversation(
        conversation_id=first.pk, agent=owner_of(account)
    )

    browser.say("Bye", last)
    assert browser.conversation == first
    browser.say("Something new")

    assert browser.conversation != first
    assert texts_of(first) == ["Hello", "Bye"]
    assert texts_of(browser.conversation) == ["Something new"]


@pytest.mark.django_db(transaction=True)
def test_parallel_first_messages_start_one_conversation(client):
    browser = open_browser(client)
    answers = []

    def write(number):
        try:
            message = services.receive_message(
                session_id=browser.session.pk,
                client_id=uuid.uuid4(),
                text=f"Message {number}",
            )
            answers.append(message.conversation_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 6
    assert Conversation.objects.count() == 1
    seqs = Message.objects.filter(public_seq__isnull=False).order_by("public_seq")
    assert list(seqs.values_list("public_seq", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_group_is_that_of_the_own_account_only(browser):
    own = make_group(browser.channel.account)
    other = make_group(make_account())

    browser.say("Hello", group=other.key)
    assert browser.conversation.group is None
    second = open_browser(browser.client, browser.channel)
    second.say("Hello", group=own.key)

    assert second.conversation.group == own


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\u202e", "x" * 10_001])
def test_refused_text_says_why(browser, text):
    response = browser.say(text)

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "refused"
    assert not Message.objects.exists()


def test_a_megabyte_is_refused_before_parsing(browser):
    response = browser.say("x" * 1_000_000)

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "[click](javascript:alert(1))",
        '<div hx-get="/x" hx-trigger=load>',
        "{{constructor.constructor('alert(1)')()}}",
    ],
)
def test_markup_stays_text(browser, text):
    answer = browser.say(text, page={"url": "javascript:alert(1)", "title": text})

    started = browser.conversation.messages.get(event=Message.Event.STARTED)
    assert answer.json()["message"]["text"] == text
    assert started.data == {"title": text}


def test_controls_and_surrogates_are_taken_out(browser):
    text = r"a\u0000b\ud800c\u202ed"
    body = f'{{"client_id": "{new_id()}", "text": "{text}"}}'

    response = browser.post("messages", body)

    assert response.json()["message"]["text"] == "abcd"


def test_card_numbers_are_hidden_everywhere(browser):
    number = "4111 1111 1111 1111"
    put_online(browser.channel.account)

    browser.say(
        number, page={"url": f"https://shop.example.com/?q={number}", "title": number}
    )
    browser.post("contact", {"name": number})

    visitor = Visitor.objects.get()
    started = browser.conversation.messages.get(event=Message.Event.STARTED)
    stored = json.dumps([texts_of(browser.conversation), started.data, visitor.name])
    assert "1111 1111" not in stored
    assert "4111" not in stored
    assert visitor.name == "[card ····1111]"


BAD_BODIES = [
    "",
    "null",
    "[]",
    '"x"',
    "{",
    "\x00",
    "[" * 50_000,
    '{"client_id": 1, "text": "x"}',
    '{"client_id": "x", "text": "x"}',
    '{"text": "x"}',
    '{"client_id": "6c1c8f4e-5b0a-4f0e-9d6e-0f3f1b0f7a11", "text": ["x"]}',
    '{"client_id": "6c1c8f4e-5b0a-4f0e-9d6e-0f3f1b0f7a11", "text": {"a": 1}}',
    '{"client_id": "6c1c8f4e-5b0a-4f0e-9d6e-0f3f1b0f7a11", "text": null}',
    '{"client_id": ["6c1c8f4e-5b0a-4f0e-9d6e-0f3f1b0f7a11"], "text": "x"}',
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_odd_bodies_get_one_answer(browser, body):
    response = browser.post("messages", body)

    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "code": "bad_request",
            "message": "The request could not be understood.",
        }
    }
    assert not Message.objects.exists()


@pytest.mark.parametrize("seq", ["1", -1, 1.5, True, None, 2**40])
def test_seen_takes_numbers_only(browser, seq):
    assert browser.post("seen", {"seq": seq}).status_code == 400


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "\uff19", "9" * 30])
def test_after_takes_numbers_only(browser, after):
    assert browser.get(f"conversation?after={after}").status_code == 400


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
    agent_writes(conversation, agent, "Good morning!")

    response = browser.get("conversation")

    answer = response.json()
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


# Contact form


def test_offline_form_needs_an_address(browser):
    response = browser.post(
        "contact", {"name": "Sofia", "message": "Hello", "client_id": new_id()}
    )

    assert response.status_code == 422
    assert set(response.json()["errors"]) == {"email"}
    assert not Conversation.objects.exists()
    assert Visitor.objects.get().name == ""


def test_offline_form_stores_contact_and_message(browser):
    group = make_group(browser.channel.account)

    response = browser.post(
        "contact",
        {
            "name": "Sofia",
            "email": "sofia@example.net",
            "message": "Hello",
            "client_id": new_id(),
            "group": group.key,
        },
    )

    visitor = Visitor.objects.get()
    assert response.status_code == 201
    assert (visitor.name, visitor.email) == ("Sofia", "sofia@example.net")
    assert browser.conversation.group == group
    assert texts_of(browser.conversation) == ["Hello"]


def test_form_names_every_wrong_field(browser):
    response = browser.post(
        "contact", {"email": "sofia@", "message": " ", "client_id": new_id()}
    )

    assert set(response.json()["errors"]) == {"email", "message"}


def test_online_form_needs_what_the_website_asks_for(client):
    account = make_account()
    put_online(account)
    browser = open_browser(client, make_channel(account, ask_name="required"))

    response = browser.post("contact", {"message": "Hi", "client_id": new_id()})

    assert set(response.json()["errors"]) == {"name"}


# Rating and transcript


def test_rating_only_after_resolution(browser):
    browser.say("Hello")
    assert browser.post("rating", {"rating": 5}).status_code == 409
    conversations.resolve_conversation(
        conversation_id=browser.conversation.pk,
        agent=owner_of(browser.channel.account),
    )

    response = browser.post("rating", {"rating": 5, "comment": "Quick!"})

    assert response.json()["conversation"]["rating"] == 5
    assert browser.conversation.rating_comment == "Quick!"
    assert browser.post("rating", {"rating": 4}).status_code == 409
    assert browser.post("rating", {"rating": "5"}).status_code == 400


def test_transcript_needs_an_address_once(browser):
    browser.say("Hello")

    refused = browser.post("transcript", {})
    taken = browser.post("transcript", {"email": "sofia@example.net"})

    assert (refused.status_code, set(refused.json()["errors"])) == (422, {"email"})
    assert taken.status_code == 200
    assert Visitor.objects.get().email == "sofia@example.net"


def test_transcripts_are_limited(browser):
    browser.say("Hello")

    codes = [
        browser.post("transcript", {"email": "sofia@example.net"}).status_code
        for _ in range(4)
    ]

    assert codes == [200, 200, 200, 429]


# Files


def upload(browser, name, content, **fields):
    body = {"client_id": new_id(), "file": SimpleUploadedFile(name, content), **fields}
    return browser.client.post("/widget/files", body, headers=browser.headers())


def test_picture_is_stored_and_served_as_attachment(browser):
    response = upload(browser, "trichter.png", PNG, text="Look")

    file = response.json()["message"]["files"][0]
    served = browser.get(f"files/{file['id']}")
    assert response.status_code == 201
    assert (file["name"], file["width"]) == ("trichter.png", 1)
    assert b"".join(served.streaming_content) == PNG
    assert served["Content-Disposition"] == 'attachment; filename="trichter.png"'
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert served["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.html", b"<script>alert(1)</script>"),
        (".htaccess", b"AddType text/html .txt"),
        ("\u200b.htaccess", b"AddType text/html .txt"),
        ("x.php", b"<?php"),
        ("x.pdf", b"MZ not a pdf"),
        ("empty.txt", b""),
    ],
)
def test_dangerous_files_are_refused(browser, name, content):
    response = upload(browser, name, content)

    assert response.status_code in {400, 422}
    assert not Attachment.objects.exists()


def test_file_of_another_visitor_or_note_is_404(browser):
    mine = upload(browser, "a.png", PNG).json()["message"]["files"][0]["id"]
    agent = make_agent(browser.channel.account)
    note = conversations.add_note(
        conversation_id=browser.conversation.pk,
        agent=agent,
        text="",
        uploads=[conversations.check_upload(SimpleUploadedFile("n.png", PNG))],
    )
    other = open_browser(browser.client, browser.channel)
    other.say("Hello")

    assert other.get(f"files/{mine}").status_code == 404
    assert browser.get(f"files/{note.attachments.get().public_id}").status_code == 404
    services.revoke_session(session=browser.session)
    assert browser.get(f"files/{mine}").status_code == 401


def test_file_without_multipart_is_refused(browser):
    assert browser.post("files", {"file": "x"}).status_code == 400
    response = browser.client.post(
        "/widget/files",
        b"--x\r\nbroken",
        content_type="multipart/form-data; boundary=x",
        headers=browser.headers(),
    )
    assert response.status_code == 400


def test_agent_picture_of_another_account_is_404(browser):
    stranger = owner_of(make_account())

    response = browser.get(f"agents/{stranger.public_id}/picture")

    assert response.status_code == 404


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
