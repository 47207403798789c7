"""Every write to notifications: record, claim, send, give up."""

import random
import smtplib
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from conversations.models import Conversation
from notifications.exceptions import DeliveryDelayed
from notifications.mails import transcript_mail
from notifications.models import Notification
from supportdesk.core.text import clean_line

MAX_ATTEMPTS = 10
FIRST_DELAY = timedelta(minutes=1)
MAX_DELAY = timedelta(hours=1)
# Longer than the task's time limit: whoever holds a claim for so long is dead.
CLAIM_LASTS = timedelta(minutes=5)
# The queue is given this long before the beat task enqueues a row once more.
QUEUE_PATIENCE = timedelta(seconds=30)
REDRIVE_AT_ONCE = 500


@transaction.atomic
def record_transcript(*, conversation_id: int) -> Notification | None:
    """Note that the visitor wants a transcript.

    A request while an earlier one is still on its way joins it. Returns None when
    the address has been removed meanwhile.
    """
    conversation = Conversation.objects.select_related("visitor").get(
        pk=conversation_id
    )
    recipient = conversation.visitor.email
    if not recipient:
        return None
    earlier = Notification.objects.filter(
        conversation=conversation,
        kind=Notification.Kind.TRANSCRIPT,
        recipient_email=recipient,
    )
    finished = earlier.exclude(pk__in=earlier.unfinished()).count()
    # Two requests at once count the same, and the constraint makes them one.
    notification, _created = Notification.objects.get_or_create(
        conversation=conversation,
        kind=Notification.Kind.TRANSCRIPT,
        recipient_email=recipient,
        occasion=f"request {finished + 1}",
    )
    return notification


def send_notification(*, notification_id: int) -> bool:
    """Send the mail if it is due and nobody else does; returns whether it went out.

    Raises DeliveryDelayed when the mail server cannot be reached or refuses for
    now. What it refuses for good, and what it refused too often, is failed.
    """
    notification = _claim(notification_id)
    if notification is None:
        return False
    # Errors of our own making pass: the claim runs out and the row is tried again.
    mail = _mail(notification)
    try:
        mail.send()
    except ValueError as error:
        # Headers or an address that no mail can have.
        _settle(notification, state=Notification.State.FAILED, error=error)
        return False
    except OSError as error:  # smtplib's errors, and those of the connection
        if _is_permanent(error) or notification.attempts >= MAX_ATTEMPTS:
            _settle(notification, state=Notification.State.FAILED, error=error)
            return False
        delay = _delay(notification.attempts)
        _settle(
            notification,
            state=Notification.State.PENDING,
            error=error,
            due_at=timezone.now() + delay,
        )
        raise DeliveryDelayed(delay) from error
    _settle(notification, state=Notification.State.SENT, sent_at=timezone.now())
    return True


def give_up_exhausted() -> int:
    """Fail what took a worker down each time it was tried; returns how many."""
    now = timezone.now()
    return (
        Notification.objects.claimable(now, now - CLAIM_LASTS)
        .filter(attempts__gte=MAX_ATTEMPTS)
        .update(state=Notification.State.FAILED)
    )


def left_behind() -> list[int]:
    """Keys of what the queue forgot, oldest first."""
    now = timezone.now()
    rows = Notification.objects.claimable(now - QUEUE_PATIENCE, now - CLAIM_LASTS)
    return list(rows.order_by("due_at").values_list("pk", flat=True)[:REDRIVE_AT_ONCE])


def _claim(notification_id: int) -> Notification | None:
    """Take the row for this worker: of two at once, the update lets one through."""
    now = timezone.now()
    claimed = (
        Notification.objects.claimable(now, now - CLAIM_LASTS)
        .filter(pk=notification_id, attempts__lt=MAX_ATTEMPTS)
        .update(
            state=Notification.State.SENDING,
            attempts=F("attempts") + 1,
            claimed_at=now,
        )
    )
    if not claimed:
        return None
    rows = Notification.objects.select_related("conversation__account")
    return rows.select_related("conversation__visitor").get(pk=notification_id)


def _settle(
    notification: Notification,
    *,
    state: Notification.State,
    error: Exception | None = None,
    **fields: datetime,
) -> None:
    """End one's own claim; a worker that was taken for dead changes nothing."""
    Notification.objects.filter(
        pk=notification.pk,
        state=Notification.State.SENDING,
        claimed_at=notification.claimed_at,
    ).update(state=state, last_error=_sentence(error), **fields)


def _mail(notification: Notification) -> EmailMultiAlternatives:
    match Notification.Kind(notification.kind):
        case Notification.Kind.TRANSCRIPT:
            return transcript_mail(
                notification.conversation,
                recipient=notification.recipient_email,
                message_id=notification.public_id,
            )


def _is_permanent(error: OSError) -> bool:
    """Refused for this mail; a refused login or sender is ours to repair."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _delay(attempts: int) -> timedelta:
    delay = min(FIRST_DELAY * 2 ** (attempts - 1), MAX_DELAY)
    return delay * random.uniform(1, 1.2)  # noqa: S311 (spreads load, guards nothing)


def _sentence(error: Exception | None) -> str:
    if error is None:
        return ""
    return clean_line(f"{type(error).__name__}: {error}", 300)
