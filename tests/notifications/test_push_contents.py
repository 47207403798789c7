import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations import services as conversations
from notifications.models import Notification
from notifications.pushes import push_content
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation():
    account = factories.make_account()
    visitor = factories.make_visitor(account, name="Sofia Lindqvist")
    return factories.make_conversation(account, visitor=visitor)


def content(conversation, kind, message=None, language="en"):
    agent = factories.make_agent(conversation.account, language=language)
    return push_content(
        Notification(
            account=conversation.account,
            conversation=conversation,
            kind=kind,
            way="push",
            agent=agent,
            message=message,
        )
    )


def test_new_message_shows_who_and_what(conversation):
    factories.visitor_writes(conversation, "Hello?\n\nAnybody?")

    assert content(conversation, "message") == {
        "title": "Sofia Lindqvist",
        "body": "Hello? Anybody?",
        "url": f"http://localhost:8000/conversations/{conversation.public_id}/",
        "tag": f"conversation-{conversation.public_id}",
        "kind": "message",
        "lang": "en",
    }


@pytest.mark.parametrize(
    ("kind", "title", "body"),
    [
        ("offline", "Offline message from Sofia Lindqvist", "Where is my parcel?"),
        (
            "missed",
            "Missed conversation: Sofia Lindqvist",
            "The visitor left before anybody replied.",
        ),
    ],
)
def test_bursts(conversation, kind, title, body):
    shown = content(conversation, kind)

    assert (shown["title"], shown["body"]) == (title, body)


def test_colleagues(conversation):
    mira = factories.make_agent(conversation.account, "Mira Sommer")
    note = conversations.add_note(
        conversation_id=conversation.pk, agent=mira, text="@Anna, please look"
    )

    mentioned = content(conversation, "mentioned", note)
    assigned = content(conversation, "assigned", note)

    assert mentioned["title"] == "Mira Sommer mentioned you in a note"
    assert mentioned["body"] == "@Anna, please look"
    assert assigned["title"] == "Mira Sommer assigned a conversation to you"
    assert assigned["body"] == "Sofia Lindqvist"


def test_note_never_passes_for_the_visitors_message(conversation):
    conversations.add_note(
        conversation_id=conversation.pk,
        agent=factories.owner_of(conversation.account),
        text="Difficult person",
    )

    for kind in ("message", "offline", "missed"):
        assert "Difficult" not in str(content(conversation, kind))


def test_long_text_cards_and_files(conversation):
    factories.visitor_writes(conversation, "4111 1111 1111 1111 " + "word " * 400)
    shown = content(conversation, "message")
    assert shown["body"].startswith("[card number hidden ····1111] word")
    assert len(shown["body"]) == 160

    upload = conversations.check_upload(SimpleUploadedFile("a.txt", b"x"))
    factories.visitor_writes(conversation, "", uploads=[upload])
    assert content(conversation, "message")["body"] == "Sent a file."


def test_language_is_the_agents(conversation):
    assert content(conversation, "message", language="de")["lang"] == "de"


def test_trial_leads_to_the_settings():
    account = factories.make_account()
    agent = factories.make_agent(account)

    shown = push_content(
        Notification(account=account, kind="test", way="push", agent=agent)
    )

    assert shown["title"] == "Test notification"
    assert shown["url"] == "http://localhost:8000/settings/notifications/me/"
    assert shown["tag"] == "test"
