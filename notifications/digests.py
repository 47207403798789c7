"""What happened on a day, in the account's time: the numbers of the daily summary."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection

from conversations.models import Message
from conversations.reporting.rounds import ROUNDS
from supportdesk.accounts.models import Account

DAYS = 7
# An event line says what happened to earlier messages: a visitor may leave long after.
_LATE = timedelta(days=1)

# Of all conversations that something happened to, found by the inbox's index.
_COUNT = """
WITH active AS (
    SELECT id FROM conversations_conversation
    WHERE account_id = %(account_id)s
        AND status IN ('open', 'resolved')
        AND last_activity_at >= %(touched_since)s
), touched AS (
    SELECT id FROM active
    UNION
    -- Where entries of these were written that were moved since.
    SELECT moved.written_in
    FROM (
        SELECT written_in, conversation_id FROM conversations_message
        WHERE written_in IS NOT NULL OFFSET 0
    ) AS moved
    JOIN active ON active.id = moved.conversation_id
), {rounds}, happened AS (
    SELECT 'answered' AS what, conversation_id, answered_at AS at, wait FROM answered
    UNION ALL
    SELECT event, conversation_id, created_at, NULL
    FROM entries WHERE event IN (%(offline)s, %(missed)s)
    UNION ALL
    SELECT 'written', conversation_id, created_at, NULL
    FROM entries WHERE kind = 'message' AND by_visitor
)
SELECT
    WIDTH_BUCKET(at, %(midnights)s::timestamptz[]) AS day,
    what,
    COUNT(DISTINCT conversation_id),
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY wait)
FROM happened GROUP BY 1, 2
"""
_STATEMENT = _COUNT.format(rounds=ROUNDS)


@dataclass
class Day:
    """Conversations of one day; one may count as several things, each once."""

    date: date
    written: int = 0
    answered: int = 0
    missed: int = 0
    offline: int = 0
    median_wait: timedelta | None = None

    @property
    def lost(self) -> int:
        """What nobody was there for; the chart shows it beside what was answered."""
        return self.missed + self.offline

    @property
    def is_quiet(self) -> bool:
        return not (self.written or self.answered or self.lost)


def days_until(account: Account, last: date) -> list[Day]:
    """The week that ends with a day, oldest first."""
    days = [Day(last - timedelta(days=ago)) for ago in reversed(range(DAYS))]
    midnights = [
        datetime.combine(day, time.min, account.tz)
        for day in [*(day.date for day in days), last + timedelta(days=1)]
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT,
            {
                "account_id": account.pk,
                "touched_since": midnights[0] - _LATE,
                "midnights": midnights,
                "offline": Message.Event.OFFLINE.value,
                "missed": Message.Event.MISSED.value,
            },
        )
        for place, what, conversations, median_wait in cursor.fetchall():
            # Before the first midnight it is 0, after the last one more than days.
            if not 1 <= place <= DAYS:
                continue
            setattr(days[place - 1], what, conversations)
            if what == "answered":
                days[place - 1].median_wait = median_wait
    return days
