from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Message
from notifications import services
from notifications.mails import transcript
from notifications.models import Notification
from tests import factories
from visitors.models import Visitor

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"


def conversation_with(language="en", text="Where is my parcel?", **account):
    account = factories.make_account(**account)
    visitor = factories.make_visitor(
        account, language=language, name="Katharina Vogt", email="k.vogt@example.net"
    )
    return factories.make_conversation(account, visitor=visitor, text=text)


def anna(conversation):
    return factories.make_agent(conversation.account, "Anna Berger")


def sent_bodies():
    [message] = mail.outbox
    [html] = message.alternatives
    return message.body, html.content


def record(conversation):
    return services.record_transcript(conversation_id=conversation.pk)


# From the request to the mail


def test_request_sends_the_conversation(django_capture_on_commit_callbacks):
    conversation = conversation_with()
    factories.agent_writes(conversation, anna(conversation), "It left us yesterday.")

    with django_capture_on_commit_callbacks(execute=True):
        conversations.request_transcript(conversation=conversation)

    [message] = mail.outbox
    assert message.to == ["k.vogt@example.net"]
    assert message.subject == "Your conversation with Moor & Mühle"
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    for body in sent_bodies():
        assert body.index("Where is my parcel?") < body.index("It left us yesterday.")
        assert "Anna" in body
        assert "Berger" not in body
        assert "@example.com" not in body
    row = Notification.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("sent", 1, "")
    assert row.sent_at is not None


def test_request_without_address_is_refused():
    conversation = factories.make_conversation()

    with pytest.raises(ConversationError):
        conversations.request_transcript(conversation=conversation)


def test_address_removed_before_recording_sends_nothing():
    conversation = conversation_with()
    Visitor.objects.update(email="")

    assert record(conversation) is None
    assert not Notification.objects.exists()


def test_second_request_joins_the_one_on_its_way():
    conversation = conversation_with()

    assert record(conversation) == record(conversation)


def test_request_after_the_first_was_sent_sends_again():
    conversation = conversation_with()
    for _ in range(2):
        services.send_notification(notification_id=record(conversation).pk)

    assert len(mail.outbox) == 2
    assert Notification.objects.filter(state="sent").count() == 2


# What the mail says


def test_notes_and_internal_events_never_leave():
    conversation = conversation_with()
    agent = anna(conversation)
    group = factories.make_group(conversation.account, "Secret department")
    conversations.add_note(
        conversation_id=conversation.pk,
        agent=agent,
        text="Difficult person, no refund",
        uploads=[
            conversations.check_upload(SimpleUploadedFile("internal.txt", b"internal"))
        ],
    )
    conversations.change_group(conversation_id=conversation.pk, group=group, by=agent)
    conversations.note_offline(conversation_id=conversation.pk)
    conversations.mark_missed(conversation_id=conversation.pk, left_at=timezone.now())
    assert Message.objects.filter(event__in=["offline", "missed"]).count() == 2
    assert Message.objects.filter(kind="note").count() == 1

    services.send_notification(notification_id=record(conversation).pk)

    for body in sent_bodies():
        assert "Where is my parcel?" in body
        for secret in ("Difficult", "refund", "internal", "Secret", "issed", "nobody"):
            assert secret not in body


def test_files_are_named_and_cards_stay_hidden():
    conversation = conversation_with(text=f"Please charge {CARD}")
    factories.visitor_writes(
        conversation,
        "",
        uploads=[conversations.check_upload(SimpleUploadedFile("order.txt", b"x"))],
    )

    services.send_notification(notification_id=record(conversation).pk)

    for body in sent_bodies():
        assert "Please charge [card number hidden ····1111]" in body
        assert "4111" not in body
        assert "File: order.txt" in body


def test_text_of_visitors_is_never_markup():
    conversation = conversation_with(
        text="<script>alert(1)</script>", name="<b>Shop</b> & Co"
    )

    services.send_notification(notification_id=record(conversation).pk)

    text, html = sent_bodies()
    assert "<script>alert(1)</script>" in text
    assert "Your conversation with <b>Shop</b> & Co" in text
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>Shop" not in html


def test_language_is_the_visitors_and_time_the_accounts():
    conversation = conversation_with(language="de", time_zone="Europe/Berlin")
    Message.objects.filter(kind="message").update(
        created_at=datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    )

    services.send_notification(notification_id=record(conversation).pk)

    text, html = sent_bodies()
    assert '<html lang="de">' in html
    for body in (text, html):
        assert "5. März 2026" in body
        assert "00:30" in body


def test_long_conversation_is_cut_to_its_end(monkeypatch):
    monkeypatch.setattr(transcript, "MAX_MESSAGES", 2)
    conversation = conversation_with(text="the first")
    for text in ("the second", "the third"):
        factories.visitor_writes(conversation, text)

    services.send_notification(notification_id=record(conversation).pk)

    for body in sent_bodies():
        assert "the first" not in body
        assert body.index("latest messages") < body.index("the second")
        assert "the third" in body


def test_names_cannot_add_headers(smtp):
    conversation = conversation_with(
        name="Moor\r\nBcc: all@example.org\r\n\r\nHello, you won"
    )

    services.send_notification(notification_id=record(conversation).pk)

    [received] = smtp.received
    assert received["Bcc"] is None
    assert received["To"] == "k.vogt@example.net"
    sender = received["From"].addresses[0]
    assert sender.display_name == "Moor Bcc: all@example.org Hello, you won"
    assert "\n" not in received["Subject"]


def test_number_of_queries_does_not_grow(django_assert_num_queries):
    conversation = conversation_with()
    agent = anna(conversation)

    def write():
        upload = conversations.check_upload(SimpleUploadedFile("a.txt", b"x"))
        factories.agent_writes(conversation, agent, uploads=[upload])

    write()
    with django_assert_num_queries(2):
        transcript.transcript_lines(conversation, conversation.account)
    write()
    write()
    with django_assert_num_queries(2):
        transcript.transcript_lines(conversation, conversation.account)
