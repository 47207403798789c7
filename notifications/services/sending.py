"""A notification's way out: hand over, claim, send, settle, give up.

The row is the truth and the queue a hint: what the queue forgets is handed over anew,
what it delivers twice is claimed once. A retry is a later `due_at` of the row, never a
job that waits in the broker, which delivers long waits twice.

At least once, not exactly: a worker that dies between the server's "250 taken" and the
commit of the row leaves a claim that runs out, and the mail goes out again, with the
same Message-ID. SMTP offers nothing to ask whether it had been taken.
"""

import random
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.models import F
from django.utils import timezone

from notifications.exceptions import DeliveryError
from notifications.models import Notification
from notifications.services.needed import still_needed
from notifications.services.ways import send_out
from supportdesk.accounts.models import Account
from supportdesk.core.text import clean_line

# After the first failure, the second, and so on.
DELAYS = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15)),
    *(timedelta(hours=1), timedelta(hours=3), timedelta(hours=6)),
    *(timedelta(hours=12), timedelta(hours=24)),
)
MAX_ATTEMPTS = len(DELAYS) + 1
# Longer than the task's time limit: whoever holds a claim for so long is dead.
CLAIM_LASTS = timedelta(minutes=2)
# The queue is given this long before it is told once more.
QUEUE_PATIENCE = timedelta(minutes=2)
# What the queue holds at most: a mail server that hangs must not fill the broker.
MAX_QUEUED = 2000

# SKIP LOCKED: several at once share the rows, and nobody waits for a claim.
_TAKE_DUE = """
WITH due AS (
    SELECT id FROM notifications_notification
    WHERE state IN ('pending', 'sending') AND due_at <= %(now)s
        AND (state = 'pending' OR claimed_at < %(abandoned)s)
        AND (queued_at IS NULL OR queued_at < %(forgotten)s)
        AND account_id NOT IN (
            SELECT id FROM accounts_account WHERE suspended_at IS NOT NULL
        )
    ORDER BY due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notifications_notification AS notification SET queued_at = %(now)s
FROM due WHERE notification.id = due.id
RETURNING notification.due_at, notification.id
"""


def take_due(*, limit: int = 500, now: datetime | None = None) -> list[int]:
    """Keys of what is due and not in the queue, oldest first, noted as handed over.

    Also what a worker left that died, and what the queue has had for too long. What
    belongs to a suspended account waits until it is resumed.
    """
    now = now or timezone.now()
    forgotten = now - QUEUE_PATIENCE
    waiting = Notification.objects.unfinished().filter(
        due_at__lte=now, queued_at__gte=forgotten
    )
    room = MAX_QUEUED - waiting.count()
    if room <= 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_DUE,
            {
                "now": now,
                "abandoned": now - CLAIM_LASTS,
                "forgotten": forgotten,
                "limit": min(limit, room),
            },
        )
        return [pk for _due_at, pk in sorted(cursor.fetchall())]


def send_notification(*, notification_id: int, now: datetime | None = None) -> bool:
    """Send it if it is due and nobody else does; returns whether it went out.

    What is not needed any more is cancelled. What is refused for now becomes
    due again later; what is refused for good, and what was tried often enough, is
    failed.
    """
    now = now or timezone.now()
    notification = _claim(notification_id, now)
    if notification is None:
        return False
    try:
        sent = _may_have(notification) and still_needed(notification, now=now)
        sent = sent and send_out(notification)
    except DeliveryError as error:
        _put_off(notification, error, now)
        return False
    except SoftTimeLimitExceeded:
        # Of a server that lets its answer drip, mostly.
        _put_off(notification, DeliveryError("Nothing came of it in time."), now)
        return False
    except Exception as error:
        # Of our own making: told of, and tried again, for it may get repaired.
        text = f"{type(error).__name__} in the desk itself"
        _put_off(notification, DeliveryError(text), now)
        raise
    if sent:
        _settle(notification, state=Notification.State.SENT, sent_at=timezone.now())
    else:
        _settle(notification, state=Notification.State.CANCELLED)
    return sent


def give_up_exhausted(*, now: datetime | None = None) -> int:
    """Fail what took a worker down each time it was tried; returns how many."""
    now = now or timezone.now()
    return (
        Notification.objects.claimable(now, now - CLAIM_LASTS)
        .filter(attempts__gte=MAX_ATTEMPTS)
        .update(state=Notification.State.FAILED)
    )


def _claim(notification_id: int, now: datetime) -> Notification | None:
    """Take the row for this worker: of two at once, the update lets one through."""
    claimed = (
        Notification.objects.claimable(now, now - CLAIM_LASTS)
        .filter(pk=notification_id, attempts__lt=MAX_ATTEMPTS)
        .exclude(account__in=Account.objects.suspended())
        .update(
            state=Notification.State.SENDING,
            attempts=F("attempts") + 1,
            claimed_at=now,
        )
    )
    if not claimed:
        return None
    # What the checks and most mails need, in one query.
    return Notification.objects.select_related(
        *("account__notification_settings", "agent", "burst"),
        *("conversation__visitor", "conversation__channel", "conversation__group"),
    ).get(pk=notification_id)


def _may_have(notification: Notification) -> bool:
    """Whether its agent, if it has one, is still one of this account."""
    agent = notification.agent
    return agent is None or (
        agent.is_active and agent.account_id == notification.account_id
    )


def _put_off(notification: Notification, error: DeliveryError, now: datetime) -> None:
    if error.permanent or notification.attempts >= MAX_ATTEMPTS:
        _settle(notification, state=Notification.State.FAILED, error=str(error))
        return
    delay = _delay(notification.attempts)
    if error.delay is not None:
        delay = max(delay, error.delay)
    _settle(
        notification,
        state=Notification.State.PENDING,
        error=str(error),
        due_at=now + delay,
        queued_at=None,
    )


def _settle(
    notification: Notification,
    *,
    state: Notification.State,
    error: str = "",
    **fields: datetime | None,
) -> None:
    """End one's own claim; a worker that was taken for dead changes nothing."""
    Notification.objects.filter(
        pk=notification.pk,
        state=Notification.State.SENDING,
        claimed_at=notification.claimed_at,
    ).update(state=state, last_error=clean_line(error, 300), **fields)


def _delay(attempts: int) -> timedelta:
    delay = DELAYS[min(attempts, len(DELAYS)) - 1]
    return delay * random.uniform(1, 1.2)  # noqa: S311 (spreads load, guards nothing)
