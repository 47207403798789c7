import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import services as conversations
from conversations.models import Conversation
from tests.channels_integration.browser import (
    new_id,
    open_browser,
    put_online,
    texts_of,
)
from tests.factories import (
    make_account,
    make_channel,
    make_group,
    owner_of,
)
from visitors.models import Visitor

pytestmark = pytest.mark.django_db


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


def test_locks_are_taken_in_one_order(browser):
    """The agent who edits the card locks the conversation, then the visitor."""
    browser.say("Hello")
    body = {"email": "lena@example.com", "message": "Hi", "client_id": new_id()}

    with CaptureQueriesContext(connection) as queries:
        browser.post("contact", body)

    locking = re.compile(r"FOR (NO KEY )?UPDATE|last_seq = last_seq \+ 1")
    written = re.compile(
        r'(?:UPDATE |FROM ")\w+_(visitorsession|conversation|visitor)\b'
    )
    locks = [
        written.search(query["sql"])[1]
        for query in queries
        if locking.search(query["sql"])
    ]
    assert locks == ["visitorsession", "conversation", "visitor"]
