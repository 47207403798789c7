import email
import email.policy
import smtplib
import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Message
from notifications import mails, services, tasks
from notifications.exceptions import DeliveryDelayed
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


class Smtp:
    """A mail server that gives the answers it is told to, then takes the mail."""

    def __init__(self):
        self.answers = []
        self.received = []

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.received.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers and self.answers[0].startswith("550"):
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 ok"


@pytest.fixture
def smtp(settings):
    handler = Smtp()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield handler
    controller.stop()


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
    assert Message.objects.filter(kind="note").count() == 1

    services.send_notification(notification_id=record(conversation).pk)

    for body in sent_bodies():
        assert "Where is my parcel?" in body
        for secret in ("Difficult", "refund", "internal", "Secret"):
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
    monkeypatch.setattr(mails, "MAX_MESSAGES", 2)
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
        mails.transcript_lines(conversation)
    write()
    write()
    with django_assert_num_queries(2):
        mails.transcript_lines(conversation)


# When the mail server does not play along


def test_smtp_failure_is_tried_again_and_arrives(smtp):
    smtp.answers = ["451 come back later"]
    row = record(conversation_with())

    with pytest.raises(DeliveryDelayed):
        services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.due_at > timezone.now() + timedelta(seconds=50)
    assert row.last_error == "SMTPDataError: (451, b'come back later')"
    # Not before its time, and then with the same identity.
    assert not services.send_notification(notification_id=row.pk)
    Notification.objects.update(due_at=timezone.now())
    assert services.send_notification(notification_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == ("sent", 2, "")
    [received] = smtp.received
    assert received["Message-ID"] == f"<{row.public_id}@localhost>"


def test_task_asks_for_its_retry_with_the_delay(smtp, monkeypatch):
    smtp.answers = ["451 come back later"]
    row = record(conversation_with())
    asked = []

    def retry(exc, countdown):
        asked.append(countdown)
        return exc

    monkeypatch.setattr(tasks.send_notification, "retry", retry)

    with pytest.raises(DeliveryDelayed):
        tasks.send_notification(row.pk)

    [countdown] = asked
    assert 60 <= countdown <= 72


def test_unreachable_server_is_tried_again(smtp, settings):
    settings.EMAIL_PORT = 1
    row = record(conversation_with())

    with pytest.raises(DeliveryDelayed):
        services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "pending"
    assert row.last_error.startswith("ConnectionRefusedError")


@pytest.mark.parametrize("answer", ["550 no such person", "554 spam"])
def test_refusal_for_good_fails_at_once(smtp, answer):
    smtp.answers = [answer]
    row = record(conversation_with())

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("failed", 1)
    assert answer[:3] in row.last_error


def test_last_attempt_fails(smtp):
    smtp.answers = ["451 never"]
    row = record(conversation_with())
    Notification.objects.update(attempts=services.MAX_ATTEMPTS - 1)

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "failed"


def test_impossible_address_fails():
    row = record(conversation_with())
    Notification.objects.update(recipient_email="a@example.com\nBcc: b@example.com")

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "failed"
    assert row.last_error.startswith("BadHeaderError")
    assert mail.outbox == []


def test_our_own_error_is_not_swallowed(monkeypatch):
    row = record(conversation_with())

    def broken(*args, **kwargs):
        raise KeyError("broken")

    monkeypatch.setattr(services, "transcript_mail", broken)
    with pytest.raises(KeyError):
        services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "sending"


def test_delays_grow_to_an_hour():
    delays = [services._delay(attempt) for attempt in range(1, 11)]

    assert timedelta(minutes=1) <= delays[0] < timedelta(minutes=2)
    assert delays[:6] == sorted(delays[:6])
    assert timedelta(hours=1) <= delays[-1] <= timedelta(minutes=72)


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b""), "b": (450, b"")}), False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"")}), True),
        (smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        (smtplib.SMTPSenderRefused(553, b"not yours", "desk@localhost"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (TimeoutError(), False),
    ],
)
def test_what_is_permanent(error, permanent):
    assert services._is_permanent(error) is permanent


# Workers that die, and two at once


def test_lost_job_is_enqueued_again():
    row = record(conversation_with())
    tasks.redrive_notifications()
    assert mail.outbox == []

    Notification.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    tasks.redrive_notifications()

    row.refresh_from_db()
    assert row.state == "sent"
    assert len(mail.outbox) == 1


def test_claim_of_a_dead_worker_runs_out():
    row = record(conversation_with())
    Notification.objects.update(state="sending", attempts=1, claimed_at=timezone.now())
    tasks.redrive_notifications()
    assert not services.send_notification(notification_id=row.pk)

    long_ago = timezone.now() - services.CLAIM_LASTS - timedelta(seconds=1)
    Notification.objects.update(claimed_at=long_ago)
    tasks.redrive_notifications()

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)


def test_what_kills_workers_is_given_up():
    row = record(conversation_with())
    Notification.objects.update(
        state="sending",
        attempts=services.MAX_ATTEMPTS,
        claimed_at=timezone.now() - timedelta(hours=1),
    )

    tasks.redrive_notifications()

    row.refresh_from_db()
    assert row.state == "failed"
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_once(smtp):
    row = record(conversation_with())
    together = threading.Barrier(4)
    results = []

    def work():
        try:
            together.wait(timeout=10)
            results.append(services.send_notification(notification_id=row.pk))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)

    assert sorted(results) == [False, False, False, True]
    assert len(smtp.received) == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 1)
