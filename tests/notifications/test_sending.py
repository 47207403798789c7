import smtplib
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from notifications import services, tasks
from notifications.exceptions import DeliveryDelayed
from notifications.models import Notification
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    """A transcript that waits to be sent."""
    visitor = factories.make_visitor(
        factories.make_account(), email="k.vogt@example.net"
    )
    conversation = factories.make_conversation(visitor.account, visitor=visitor)
    return services.record_transcript(conversation_id=conversation.pk)


# When the mail server does not play along


def test_smtp_failure_is_tried_again_and_arrives(row, smtp):
    smtp.answers = ["451 come back later"]

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


def test_task_asks_for_its_retry_with_the_delay(row, smtp, monkeypatch):
    smtp.answers = ["451 come back later"]
    asked = []

    def retry(exc, countdown):
        asked.append(countdown)
        return exc

    monkeypatch.setattr(tasks.send_notification, "retry", retry)

    with pytest.raises(DeliveryDelayed):
        tasks.send_notification(row.pk)

    [countdown] = asked
    assert 60 <= countdown <= 72


def test_unreachable_server_is_tried_again(row, smtp, settings):
    settings.EMAIL_PORT = 1

    with pytest.raises(DeliveryDelayed):
        services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "pending"
    assert row.last_error.startswith("ConnectionRefusedError")


@pytest.mark.parametrize("answer", ["550 no such person", "554 spam"])
def test_refusal_for_good_fails_at_once(row, smtp, answer):
    smtp.answers = [answer]

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("failed", 1)
    assert answer[:3] in row.last_error


def test_last_attempt_fails(row, smtp):
    smtp.answers = ["451 never"]
    Notification.objects.update(attempts=services.MAX_ATTEMPTS - 1)

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "failed"


def test_impossible_address_fails(row):
    Notification.objects.update(recipient_email="a@example.com\nBcc: b@example.com")

    assert not services.send_notification(notification_id=row.pk)

    row.refresh_from_db()
    assert row.state == "failed"
    assert row.last_error.startswith("BadHeaderError")
    assert mail.outbox == []


def test_our_own_error_is_not_swallowed(row, monkeypatch):

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


def test_lost_job_is_enqueued_again(row):
    tasks.redrive_notifications()
    assert mail.outbox == []

    Notification.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    tasks.redrive_notifications()

    row.refresh_from_db()
    assert row.state == "sent"
    assert len(mail.outbox) == 1


def test_claim_of_a_dead_worker_runs_out(row):
    Notification.objects.update(state="sending", attempts=1, claimed_at=timezone.now())
    tasks.redrive_notifications()
    assert not services.send_notification(notification_id=row.pk)

    long_ago = timezone.now() - services.CLAIM_LASTS - timedelta(seconds=1)
    Notification.objects.update(claimed_at=long_ago)
    tasks.redrive_notifications()

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)


def test_what_kills_workers_is_given_up(row):
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
def test_two_workers_send_once(row, smtp):
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
