import json
import threading
import uuid

import pytest
from django.db import connection

from channels_integration.website import services
from conversations import services as conversations
from conversations.models import Conversation, Message
from tests.channels_integration.browser import (
    new_id,
    open_browser,
    put_online,
    texts_of,
)
from tests.factories import (
    make_account,
    make_group,
    owner_of,
)
from visitors.models import Visitor

pytestmark = pytest.mark.django_db


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


def test_retry_after_another_tab_began_the_next_conversation_is_stored_once(browser):
    client_id = new_id()
    browser.say("Hello", client_id)
    first = browser.conversation
    account = browser.channel.account
    account.reopen_window_days = 0
    account.save()
    conversations.resolve_conversation(
        conversation_id=first.pk, agent=owner_of(account)
    )
    browser.say("Something else")

    again = browser.say("Hello", client_id)

    assert browser.conversation != first
    assert again.json()["conversation"]["id"] == str(first.public_id)
    assert texts_of(first) == ["Hello"]
    assert texts_of(browser.conversation) == ["Something else"]
