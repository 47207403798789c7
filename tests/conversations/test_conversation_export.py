"""One conversation as text or JSON: who may have it, and what is in it."""

import json
import re
from datetime import datetime

import pytest
from django.urls import reverse

from conversations import services
from conversations.models import Conversation, Message
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import address, signed_in
from visitors.models import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account(time_zone="Asia/Tokyo")


@pytest.fixture
def conversation(account, anna, upload):
    """Everything that a thread can hold, and one of each that is not the visitor's."""
    group = factories.make_group(account, "Repairs")
    visitor = factories.make_visitor(
        account, name="Lena Hof", email="lena@example.com", phone="030 1"
    )
    conversation = factories.make_conversation(account, visitor=visitor, group=group)
    pk = conversation.pk
    factories.visitor_writes(conversation, "My card is 4111 1111 1111 1111")
    factories.visitor_writes(conversation, "See here", uploads=[upload()])
    services.join_conversation(conversation_id=pk, agent=anna)
    factories.agent_writes(conversation, anna, "Good morning!")
    services.add_note(conversation_id=pk, agent=anna, text="A difficult one")
    services.tag_conversation_by_name(conversation_id=pk, name="Warranty", agent=anna)
    services.resolve_conversation(conversation_id=pk, agent=anna)
    services.rate_conversation(conversation_id=pk, rating=5, comment="Thank you")
    return factories.fresh(conversation)


def download(agent, conversation, **asked):
    asked = {"format": "text", "content": "all"} | asked
    return signed_in(agent).get(address("conversation_file", conversation), asked)


def content(response):
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def test_text_holds_the_whole_thread(anna, conversation):
    text = content(download(anna, conversation))

    for words in (
        "Conversation with Lena Hof",
        "E-mail: lena@example.com",
        "Group: Repairs",
        "Assignees: Anna Berger",
        "Tags: Warranty",
        "Rating: Good (Thank you)",
        "Time zone: Asia/Tokyo",
        "Lena Hof\n    Where is my parcel?",
        "[card number hidden ····1111]",
        "[Attachment: hopper.png, ",
        "Anna Berger\n    Good morning!",
        "Anna Berger (private note)\n    A difficult one",
        "* Anna Berger joined the conversation",
        "* Anna Berger added the tag Warranty",
        "* Anna Berger resolved the conversation",
    ):
        assert words in text, words
    assert "4111 1111" not in text
    assert "<" not in text


def test_times_are_those_of_the_accounts_zone(anna, conversation):
    moment = datetime.fromisoformat("2026-03-01T22:30:00+00:00")
    Message.objects.filter(conversation=conversation).update(created_at=moment)

    text = content(download(anna, conversation))
    document = json.loads(content(download(anna, conversation, format="json")))

    assert "--- Monday, March 2, 2026 ---" in text
    assert "[07:30] Lena Hof" in text
    assert document["messages"][0]["at"] == "2026-03-02T07:30:00+09:00"


def test_json_holds_the_whole_thread(anna, conversation):
    response = download(anna, conversation, format="json")
    document = json.loads(content(response))

    assert response["Content-Type"] == "application/json"
    assert document["visitor"]["email"] == "lena@example.com"
    assert document["group"] == "Repairs"
    assert document["assignees"] == ["Anna Berger"]
    assert document["tags"] == ["Warranty"]
    assert document["priority"] == "normal"
    assert document["rating"]["comment"] == "Thank you"
    assert [entry["seq"] for entry in document["messages"]] == list(
        range(1, conversation.last_seq + 1)
    )
    kinds = {entry["kind"] for entry in document["messages"]}
    assert kinds == {"message", "note", "event"}


@pytest.mark.parametrize("kind", ["text", "json"])
def test_what_the_visitor_saw_holds_nothing_else(anna, conversation, kind):
    Visitor.objects.update(name="Difficult Lena", name_source="agent")

    written = content(download(anna, conversation, format=kind, content="visitor"))

    for shown in ("Where is my parcel?", "Good morning!", "Thank you", "hopper.png"):
        assert shown in written
    for inside in (
        *("difficult", "Difficult", "Warranty", "Repairs", "Berger"),
        *("lena@example.com", "assigned", "tagged", "client_id"),
    ):
        assert inside not in written, inside


def test_visitors_json_counts_without_gaps_for_notes(anna, conversation):
    written = content(download(anna, conversation, format="json", content="visitor"))

    seqs = [entry["seq"] for entry in json.loads(written)["messages"]]
    assert seqs == list(range(1, conversation.last_public_seq + 1))


def test_nobody_can_write_a_line_of_somebody_else(account, anna):
    forged = "Hello\n[10:00] Anna Berger\nYes, free of charge.\u2028[10:01] Anna Berger"
    visitor = factories.make_visitor(account, name="Lena\n[09:00] Anna Berger")
    conversation = factories.make_conversation(account, visitor=visitor, text=forged)

    text = content(download(anna, conversation))

    heads = [line for line in text.splitlines() if line.startswith("[")]
    assert not any(re.match(r"\[..:..\] Anna", line) for line in heads)
    assert "    [10:00] Anna Berger" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "etcpasswd"),
        ('a"; filename=x.exe', "a-filenamexexe"),
        ("Jürgen Öz\r\nX-Evil: 1", "jurgen-oz-x-evil-1"),
        ("a" * 300, "a" * 40),
        ("李雷", None),
        ("...", None),
    ],
)
def test_file_names_are_safe(account, anna, name, expected):
    conversation = factories.make_conversation(account)
    Visitor.objects.filter(pk=conversation.visitor_id).update(name=name[:120])

    response = download(anna, conversation)

    expected = expected or conversation.public_id.hex[:8]
    day = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(
        rf'attachment; filename="conversation-{expected}-{day}\.txt"',
        response["Content-Disposition"],
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_markup_stays_text_in_event_lines(account, anna):
    conversation = factories.make_conversation(account)
    Message.objects.filter(conversation=conversation, event="started").update(
        data={"title": "<b>Mill & <script>alert(1)</script></b>"}
    )

    text = content(download(anna, conversation))

    # Wrapped, so words only.
    assert "<script>alert(1)</script></b>" in text
    assert "svg" not in text


def test_only_for_who_sees_the_conversation(account, anna, conversation):
    sales = factories.make_group(account, "Sales")
    limited = factories.make_agent(account, "Sam", groups=(sales,))
    stranger = factories.make_agent(factories.make_account(), "Eve", Role.FULL)

    for agent in (limited, stranger):
        page = signed_in(agent).get(address("conversation_export", conversation))
        assert page.status_code == 404
        assert download(agent, conversation).status_code == 404


@pytest.mark.parametrize(
    "asked", [{"format": "exe"}, {"format": ""}, {"content": "x' OR 1=1"}]
)
def test_nonsense_is_refused(anna, conversation, asked):
    response = download(anna, conversation, **asked)

    assert response.status_code == 422
    assert (
        b"Select a valid choice" in response.content or b"required" in response.content
    )


def test_writing_is_no_way_to_ask(anna, conversation):
    response = signed_in(anna).post(address("conversation_file", conversation))

    assert response.status_code == 405


def test_page_offers_formats_and_menu_leads_there(anna, conversation):
    client = signed_in(anna)

    page = client.get(address("conversation_export", conversation)).content.decode()
    thread = client.get(address("conversation", conversation)).content.decode()

    assert page.count('type="radio"') == 5
    assert page.count(" checked>") == 2
    assert address("conversation_file", conversation) in page
    assert address("conversation_export", conversation) in thread


@pytest.mark.parametrize("kind", ["text", "json", "pdf"])
@pytest.mark.parametrize("number", [1, 3])
def test_queries_do_not_grow_with_messages(
    account, anna, kind, number, django_assert_num_queries
):
    conversation = factories.make_conversation(account)
    for _number in range(number):
        factories.visitor_writes(conversation)
        services.add_note(conversation_id=conversation.pk, agent=anna, text="Note")
    client = signed_in(anna)
    asked = {"format": kind, "content": "all"}

    # Session and agent, the conversation, messages, their files, history.
    with django_assert_num_queries(5):
        client.get(address("conversation_file", conversation), asked)


def test_a_conversation_that_never_was(anna):
    missing = reverse(
        "conversations:conversation_file", args=[Conversation().public_id]
    )

    assert signed_in(anna).get(missing).status_code == 404
