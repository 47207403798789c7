import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.db import connection
from django.utils import timezone

from notifications import mails, services, tasks
from notifications.exceptions import DeliveryDelayed, DeliveryError
from notifications.models import (
    ExtraRecipient,
    Notification,
    Preferences,
    PushSubscription,
)
from notifications.services import sending, ways
from supportdesk.accounts import services as accounts
from tests import factories
from tests.notifications import making

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def row():
    """A transcript that waits to be sent, and that the queue does not know of."""
    visitor = factories.make_visitor(
        factories.make_account(), email="k.vogt@example.net"
    )
    conversation = factories.make_conversation(visitor.account, visitor=visitor)
    row = services.record_transcript(conversation_id=conversation.pk)
    Notification.objects.update(queued_at=None)
    return row


@pytest.fixture
def told():
    """A mail about an offline message that waits to be sent to an agent."""
    return making.offline_notification()


def send(row, **options):
    sent = services.send_notification(notification_id=row.pk, **options)
    row.refresh_from_db()
    return sent


# When the mail server does not play along


def test_smtp_failure_is_tried_again_and_arrives(row, smtp):
    smtp.answers = ["451 come back later"]

    assert not send(row)

    assert (row.state, row.attempts) == ("pending", 1)
    assert row.due_at > timezone.now() + timedelta(seconds=50)
    assert row.last_error == "SMTPDataError: (451, b'come back later')"
    # Not before its time, and then with the same identity.
    assert not send(row)
    assert row.attempts == 1
    assert send(row, now=row.due_at)
    assert (row.state, row.attempts, row.last_error) == ("sent", 2, "")
    [received] = smtp.received
    assert received["Message-ID"] == f"<{row.public_id}@localhost>"


def test_unreachable_server_is_tried_again(row, smtp, settings):
    settings.EMAIL_PORT = 1

    assert not send(row)

    assert row.state == "pending"
    assert row.last_error.startswith("ConnectionRefusedError")


@pytest.mark.parametrize("answer", ["550 no such person", "554 spam"])
def test_refusal_for_good_fails_at_once(row, smtp, answer):
    smtp.answers = [answer]

    assert not send(row)

    assert (row.state, row.attempts) == ("failed", 1)
    assert answer[:3] in row.last_error


def test_last_attempt_fails(row, smtp):
    smtp.answers = ["451 never"]
    Notification.objects.update(attempts=sending.MAX_ATTEMPTS - 1)

    assert not send(row)

    assert row.state == "failed"


def test_impossible_address_fails(row):
    Notification.objects.update(recipient_email="a@example.com\nBcc: b@example.com")

    assert not send(row)

    assert row.state == "failed"
    assert row.last_error.startswith("BadHeaderError")
    assert mail.outbox == []


def test_our_own_error_is_told_and_tried_again(row, monkeypatch):
    def broken(notification):
        raise KeyError("a visitor's secret")

    monkeypatch.setattr(sending, "send_out", broken)
    with pytest.raises(KeyError):
        send(row)

    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.last_error == "KeyError in the desk itself"
    assert row.due_at > timezone.now() + timedelta(seconds=50)


def test_what_takes_too_long_is_put_off(row, monkeypatch):
    def drip(notification):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(sending, "send_out", drip)

    assert not send(row)

    assert (row.state, row.attempts) == ("pending", 1)
    assert row.last_error == "Nothing came of it in time."
    assert row.due_at > timezone.now() + timedelta(seconds=50)
    task = tasks.send_notification
    assert task.soft_time_limit < task.time_limit
    assert timedelta(seconds=task.time_limit) < sending.CLAIM_LASTS


def test_delays_grow_to_a_day():
    delays = [sending._delay(attempt) for attempt in range(1, 9)]

    minutes = [1, 5, 15, 60, 180, 360, 720, 1440]
    for delay, least in zip(delays, minutes, strict=True):
        assert least * MINUTE <= delay <= 1.2 * least * MINUTE
    assert sending._delay(40) >= timedelta(days=1)


@pytest.mark.parametrize(
    ("error", "state", "minutes"),
    [
        (DeliveryError("gone", permanent=True), "failed", 0),
        (DeliveryError("busy"), "pending", 1),
        (DeliveryDelayed(timedelta(hours=2)), "pending", 120),
        # What the other side asks for shortens nothing.
        (DeliveryDelayed(timedelta(seconds=1)), "pending", 1),
    ],
)
def test_every_way_out_is_put_off_alike(row, monkeypatch, error, state, minutes):
    def refuse(notification):
        raise error

    monkeypatch.setattr(sending, "send_out", refuse)
    now = timezone.now()

    assert not send(row, now=now)

    assert (row.state, row.last_error) == (state, str(error))
    if state == "pending":
        assert now + minutes * MINUTE <= row.due_at <= now + 1.2 * minutes * MINUTE


# What is not needed or wanted any more


def test_offline_mail_goes_out(told):
    assert send(told)

    [message] = mail.outbox
    assert message.to == [told.agent.email]


@pytest.mark.parametrize("deed", ["deactivated", "blind", "unsubscribed", "answered"])
def test_what_has_passed_is_cancelled(told, deed):
    agent, conversation = told.agent, told.conversation
    if deed == "deactivated":
        owner = factories.owner_of(agent.account)
        accounts.change_access(agent=agent, by=owner, is_active=False)
    elif deed == "blind":
        other = factories.make_group(agent.account, "Sales")
        agent.groups.add(factories.make_group(agent.account, "Repairs"))
        conversation.group = other
        conversation.save()
    elif deed == "unsubscribed":
        Preferences.objects.create(agent=agent, mail=["missed"])
    else:
        factories.agent_writes(conversation, factories.owner_of(agent.account))

    assert not send(told)

    assert (told.state, told.attempts) == ("cancelled", 1)
    assert mail.outbox == []


def test_mail_about_what_still_waits_is_not_cancelled_by_a_note(told):
    from conversations import services as conversations

    conversations.add_note(
        conversation_id=told.conversation_id, agent=told.agent, text="Who knows more?"
    )

    assert send(told)


def test_agent_gets_it_where_their_mail_is_now(told):
    told.agent.email = "moved@example.com"
    told.agent.save()

    assert send(told)

    assert mail.outbox[0].to == ["moved@example.com"]


def test_further_address_is_told_while_it_is_listed():
    for listed in (True, False):
        row = making.offline_notification(extra="office@example.net")
        if not listed:
            ExtraRecipient.objects.filter(account=row.account).delete()

        assert send(row) is listed
        assert row.state == ("sent" if listed else "cancelled")

    assert [message.to for message in mail.outbox] == [["office@example.net"]]


def test_address_of_one_group_hears_nothing_of_another():
    row = making.offline_notification(extra="office@example.net")
    group = factories.make_group(row.account, "Sales")
    ExtraRecipient.objects.update(group=group)

    assert not send(row)

    assert row.state == "cancelled"


def test_nothing_goes_to_agents_who_left(told):
    agent = told.agent
    row = Notification.objects.create(
        account=told.account, kind="test", agent=agent, occasion="test"
    )
    accounts.change_access(
        agent=agent, by=factories.owner_of(told.account), is_active=False
    )

    assert not send(row)

    assert row.state == "cancelled"


def test_mail_that_has_nothing_to_say_is_cancelled(row, monkeypatch):
    monkeypatch.setitem(mails._BUILDERS, "transcript", lambda notification: None)

    assert not send(row)

    assert (row.state, row.last_error) == ("cancelled", "")
    assert mail.outbox == []


def test_push_takes_its_own_way(told, monkeypatch):
    shown = []
    monkeypatch.setattr(ways, "send_to_agent", lambda **given: take(**given))

    def take(*, notification, content):
        shown.append((notification.pk, content["kind"]))

    Notification.objects.update(way="push", recipient_email="")
    PushSubscription.objects.create(
        agent=told.agent, endpoint="https://push.example.com/1", device="laptop"
    )

    assert send(told)

    assert shown == [(told.pk, "offline")]
    assert mail.outbox == []


# From the row to the queue


def test_due_rows_are_handed_over_once(row):
    now = timezone.now()

    assert services.take_due(now=now) == [row.pk]
    assert services.take_due(now=now) == []
    # The queue forgot it.
    assert services.take_due(now=now + sending.QUEUE_PATIENCE + MINUTE) == [row.pk]


def test_what_is_not_due_waits(row):
    now = timezone.now()
    Notification.objects.update(due_at=now + MINUTE)

    assert services.take_due(now=now) == []
    assert services.take_due(now=now + MINUTE) == [row.pk]


def test_what_is_due_by_one_clock_is_sent_by_another(row):
    """The queue is faster than the clocks of two machines are alike."""
    now = timezone.now()
    Notification.objects.update(due_at=now + MINUTE)
    early = services.send_notification(notification_id=row.pk, now=now)

    [pk] = services.take_due(now=now + MINUTE)

    assert not early
    assert services.send_notification(notification_id=pk, now=now)


@pytest.mark.parametrize("state", ["sent", "failed", "cancelled"])
def test_finished_rows_are_left_alone(row, state):
    Notification.objects.update(state=state)

    assert services.take_due(now=timezone.now() + timedelta(days=1)) == []


def test_oldest_go_first_and_not_more_than_asked_for():
    now = timezone.now()
    rows = [making.offline_notification() for _ in range(3)]
    for minutes, row in zip((1, 3, 2), rows, strict=True):
        Notification.objects.filter(pk=row.pk).update(due_at=now - minutes * MINUTE)

    assert services.take_due(limit=2, now=now) == [rows[1].pk, rows[2].pk]
    assert services.take_due(limit=2, now=now) == [rows[0].pk]


def test_queue_is_never_filled_beyond_its_bound(monkeypatch):
    monkeypatch.setattr(sending, "MAX_QUEUED", 2)
    rows = [making.offline_notification() for _ in range(3)]
    now = timezone.now()

    assert len(services.take_due(now=now)) == 2
    assert services.take_due(now=now) == []
    Notification.objects.filter(pk=rows[0].pk).update(state="sent")
    assert services.take_due(now=now) == [rows[2].pk]


def test_put_off_row_is_handed_over_when_it_is_due(row, smtp):
    smtp.answers = ["451 come back later"]
    services.take_due()
    send(row)

    assert services.take_due(now=row.due_at - timedelta(seconds=1)) == []
    assert services.take_due(now=row.due_at) == [row.pk]


@pytest.mark.django_db(transaction=True)
def test_several_sweeps_at_once_share_the_rows():
    rows = [making.offline_notification() for _ in range(8)]
    found = in_threads(4, lambda: services.take_due(limit=3))

    taken = sorted(pk for pks in found for pk in pks)
    assert len(taken) == len(set(taken))
    assert set(taken) <= {row.pk for row in rows}


def test_taking_walks_the_index_of_unfinished_rows(row):
    Notification.objects.update(queued_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN {sending._TAKE_DUE}",
            dict.fromkeys(("now", "abandoned", "forgotten"), timezone.now())
            | {"limit": 500},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "notification_unfinished" in plan


# Workers that die, and two at once


def test_lost_job_is_enqueued_again(row):
    tasks.send_due()

    row.refresh_from_db()
    assert row.state == "sent"
    assert len(mail.outbox) == 1


def test_job_that_comes_too_late_expires(row, monkeypatch):
    asked = []
    monkeypatch.setattr(
        tasks.send_notification,
        "apply_async",
        lambda args, **options: asked.append((args, options)),
    )

    tasks.send_due()

    assert asked == [((row.pk,), {"expires": 120.0})]


def test_claim_of_a_dead_worker_runs_out(row):
    now = timezone.now()
    Notification.objects.update(state="sending", attempts=1, claimed_at=now)
    assert services.take_due(now=now + MINUTE) == []
    assert not send(row, now=now + MINUTE)

    later = now + sending.CLAIM_LASTS + timedelta(seconds=1)

    assert services.take_due(now=later) == [row.pk]
    assert send(row, now=later)
    assert (row.state, row.attempts) == ("sent", 2)


def test_worker_that_was_taken_for_dead_changes_nothing(row, monkeypatch):
    def slowly(notification):
        Notification.objects.update(state="sent", claimed_at=timezone.now() + MINUTE)
        raise DeliveryError("too slow", permanent=True)

    monkeypatch.setattr(sending, "send_out", slowly)

    assert not send(row)

    assert (row.state, row.last_error) == ("sent", "")


def test_what_kills_workers_is_given_up(row):
    Notification.objects.update(
        state="sending",
        attempts=sending.MAX_ATTEMPTS,
        claimed_at=timezone.now() - timedelta(hours=1),
    )

    tasks.send_due()

    row.refresh_from_db()
    assert row.state == "failed"
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_once(row, smtp):
    results = in_threads(4, lambda: services.send_notification(notification_id=row.pk))

    assert sorted(results) == [False, False, False, True]
    assert len(smtp.received) == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 1)


def in_threads(count, do):
    """What `do` returns in threads that begin together."""
    together = threading.Barrier(count)
    results = []

    def work():
        try:
            together.wait(timeout=10)
            results.append(do())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    return results
