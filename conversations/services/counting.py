"""Figures of reports: counted once, as messages come in, and never read anew.

A message is counted in the same transaction that moves the cursor past it: killed
half-way, nothing was counted; run twice, the second time finds nothing to do. What
was counted stays with the group, channel and tags that the conversation had then,
and stays when a visitor is erased: numbers name nobody.
"""

from collections.abc import Callable

from django.db import DataError, connection, transaction
from django.db.models import F, Max

from conversations.models import Conversation, Figure, FigureCursor, FigureZone, Message
from conversations.reporting.rounds import ROUNDS
from conversations.reporting.sketch import BUCKET
from supportdesk.accounts.models import Account

# So many messages, or conversations when an account is counted anew, are one step.
STEP = 20_000
STEP_OF_CONVERSATIONS = 5_000
MAX_STEPS = 50

# Everything that is counted at the time of an entry, by what its last table says;
# `replaced` takes back the rating that a later one replaces.
_COUNT = """
WITH touched AS ({touched}), {rounds}, new AS (
    SELECT * FROM entries WHERE message_id > %(after)s AND message_id <= %(upto)s
), rated AS (
    SELECT
        conversation_id, message_id, rating, answered_by, created_at,
        LAG(rating) OVER verdicts AS former,
        LAG(answered_by) OVER verdicts AS former_by,
        LAG(created_at) OVER verdicts AS former_at
    FROM entries WHERE event = 'rated'
    WINDOW verdicts AS (PARTITION BY written_in ORDER BY message_id)
), facts (conversation_id, what, at, agent_id, bucket, n) AS (
    SELECT
        conversation_id,
        CASE event
            WHEN 'started' THEN {begun} WHEN 'missed' THEN {missed} ELSE {offline}
        END,
        created_at, NULL::bigint, 0, 1
    FROM new WHERE event IN ('started', 'missed', 'offline')
    UNION ALL
    SELECT
        conversation_id, CASE WHEN by_visitor THEN {written} ELSE {answer} END,
        created_at, agent_id, 0, 1
    FROM new WHERE kind = 'message'
    UNION ALL
    SELECT conversation_id, {first_answer}, asked_at, agent_id, {bucket}, 1
    FROM answered WHERE message_id > %(after)s AND message_id <= %(upto)s
    UNION ALL
    SELECT conversation_id, {resolved}, created_at, agent_id, {bucket}, 1
    FROM (
        SELECT *, created_at - COALESCE(round_began_at, created_at) AS wait FROM new
        WHERE event = 'resolved'
    ) AS resolved
    UNION ALL
    SELECT conversation_id, {rated}, created_at, answered_by, rating, 1
    FROM rated WHERE message_id > %(after)s AND message_id <= %(upto)s
    UNION ALL
    SELECT conversation_id, {rated}, former_at, former_by, former, -1
    FROM rated
    WHERE message_id > %(after)s AND message_id <= %(upto)s AND former IS NOT NULL
), placed AS (
    SELECT
        conversation.account_id, conversation.channel_kind, conversation.tag_ids,
        COALESCE(conversation.group_id, 0) AS group_key,
        facts.what, facts.agent_id, facts.bucket, facts.n,
        facts.at AT TIME ZONE zone.used AS at
    FROM facts
    JOIN conversations_conversation AS conversation
        ON conversation.id = facts.conversation_id
    JOIN conversations_figurezone AS zone ON zone.account_id = conversation.account_id
)
INSERT INTO conversations_figure AS stored (
    account_id, grain, agent_key, tag_key, what, day, channel_kind, group_key, bucket,
    count
)
SELECT
    account_id, grain.name, slice.agent_key, slice.tag_key, what, grain.day,
    COALESCE(channel_kind, '{all_channels}'), COALESCE(group_key, {all_groups}),
    CASE
        WHEN what = {written}
        THEN (EXTRACT(ISODOW FROM at) - 1) * 24 + EXTRACT(HOUR FROM at)
        ELSE bucket
    END AS place,
    SUM(n)
FROM placed
CROSS JOIN LATERAL (
    VALUES ('d', at::date), ('m', DATE_TRUNC('month', at)::date)
) AS grain (name, day)
CROSS JOIN LATERAL (
    SELECT 0, 0
    UNION ALL SELECT agent_id, 0 WHERE agent_id IS NOT NULL
    UNION ALL SELECT 0, UNNEST(tag_ids) WHERE what IN ({resolved}, {rated})
) AS slice (agent_key, tag_key)
GROUP BY 1, 2, 3, 4, 5, 6, 9, CUBE (channel_kind, group_key)
ON CONFLICT (
    account_id, grain, agent_key, tag_key, what, day, channel_kind, group_key, bucket
) DO UPDATE SET count = stored.count + EXCLUDED.count
"""
_NEW = """
    SELECT DISTINCT COALESCE(written_in, conversation_id) AS id
    FROM conversations_message
    WHERE id > %(after)s AND id <= %(upto)s AND kind <> 'note'
"""
_OF_ACCOUNT = """
    SELECT id FROM conversations_conversation
    WHERE account_id = %(account_id)s AND id > %(first)s AND id <= %(last)s
"""


def _statement(touched: str) -> str:
    codes = {what.name.lower(): str(what.value) for what in Figure.What}
    return _COUNT.format(
        touched=touched,
        rounds=ROUNDS,
        bucket=BUCKET,
        all_channels=Figure.ALL_CHANNELS,
        all_groups=Figure.ALL_GROUPS,
        **codes,
    )


_COUNT_NEW = _statement(_NEW)
_COUNT_ACCOUNT = _statement(_OF_ACCOUNT)


def count_new_messages(*, max_steps: int = MAX_STEPS) -> int:
    """Count what was written since the last time, in bounded steps; how far it came.

    A minute or two behind: messages get their numbers before they are committed, so
    only those are counted that were there the last time, when none before them can
    appear any more. Somebody else who counts at this moment is not waited for.
    """
    counted = 0
    for _ in range(max_steps):
        step = _count_step()
        counted += step
        if step < STEP:
            break
    return counted


@transaction.atomic
def rebuild_figures(
    *, account: Account | None = None, progress: Callable[[int], None] | None = None
) -> None:
    """Forget the figures of an account, or of all, and count them anew.

    Until that is done the former ones are shown: it is one transaction. Groups, tags
    and channels are those of today. `progress` hears how many more conversations.
    """
    newest = _newest_message()
    cursor = _lock_cursor()
    accounts = Account.objects.filter(pk=account.pk) if account else Account.objects
    if account is None:
        cursor.message_key = max(cursor.message_key, _settled(cursor, newest))
        cursor.save(update_fields=["message_key", "seen_key", "seen_by"])
    for each in accounts.order_by("pk"):
        Figure.objects.filter(account=each).delete()
        FigureZone.objects.filter(account=each).delete()
        _set_zones()
        _count_account(each.pk, cursor.message_key, progress)
    with connection.cursor() as statement:
        # Reports asked before the database's own upkeep comes would walk through it all.
        statement.execute("ANALYZE conversations_figure")


def accounts_in_other_zones() -> list[Account]:
    """Whose figures were counted by a clock that is not the account's any more."""
    return list(
        Account.objects.filter(figurezone__isnull=False).exclude(
            time_zone=F("figurezone__time_zone")
        )
    )


@transaction.atomic
def merge_tag_figures(*, tag_id: int, into_id: int) -> None:
    """What was counted for a tag counts for the one it was merged into."""
    _lock_cursor()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_figure AS stored (
                account_id, grain, agent_key, tag_key, what, day, channel_kind,
                group_key, bucket, count
            )
            SELECT
                account_id, grain, agent_key, %(into_id)s, what, day, channel_kind,
                group_key, bucket, count
            FROM conversations_figure AS former
            WHERE account_id = (
                SELECT account_id FROM conversations_tag WHERE id = %(into_id)s
            ) AND grain IN ('d', 'm') AND agent_key = 0 AND tag_key = %(tag_id)s
            ON CONFLICT (
                account_id, grain, agent_key, tag_key, what, day, channel_kind,
                group_key, bucket
            ) DO UPDATE SET count = stored.count + EXCLUDED.count
            """,
            {"tag_id": tag_id, "into_id": into_id},
        )
    Figure.objects.filter(
        account__tags=into_id, grain__in=["d", "m"], agent_key=0, tag_key=tag_id
    ).delete()


@transaction.atomic
def _count_step() -> int:
    newest = _newest_message()
    FigureCursor.objects.get_or_create(pk=1)
    cursor = FigureCursor.objects.select_for_update(skip_locked=True).first()
    if cursor is None:
        return 0
    after = cursor.message_key
    upto = min(after + STEP, _settled(cursor, newest))
    if upto > after:
        _set_zones()
        with connection.cursor() as statement:
            statement.execute(_COUNT_NEW, {"after": after, "upto": upto})
        cursor.message_key = upto
    cursor.save(update_fields=["message_key", "seen_key", "seen_by"])
    return max(0, upto - after)


def _newest_message() -> int:
    # Before this transaction gets its number, which `_settled` remembers.
    return Message.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _lock_cursor() -> FigureCursor:
    FigureCursor.objects.get_or_create(pk=1)
    return FigureCursor.objects.select_for_update().get(pk=1)


def _settled(cursor: FigureCursor, newest: int) -> int:
    """Up to where no message can appear any more; looks ahead for the next time."""
    oldest_running, own = _transactions()
    # A number from the future is of another server: the database was moved.
    if oldest_running < cursor.seen_by <= own:
        return cursor.message_key
    settled = cursor.seen_key if cursor.seen_by <= own else 0
    if cursor.message_key + STEP >= settled:
        cursor.seen_key, cursor.seen_by = newest, own
    return settled


def _transactions() -> tuple[int, int]:
    """The oldest transaction that may still write, and this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_current_xact_id()::text::bigint, "
            "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        )
        own, oldest_running = cursor.fetchone()
    return oldest_running, own


def _set_zones() -> None:
    """Give every account that has none yet the clock its figures are counted by."""
    for account in Account.objects.filter(figurezone__isnull=True):
        FigureZone.objects.get_or_create(
            account=account,
            defaults={
                "time_zone": account.time_zone,
                "used": account.time_zone if _is_known(account.time_zone) else "UTC",
            },
        )


def _is_known(time_zone: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT now() AT TIME ZONE %s", [time_zone])
    except DataError:
        return False
    return True


def _count_account(
    account_id: int, upto: int, progress: Callable[[int], None] | None
) -> None:
    own = Conversation.with_merged.filter(account=account_id).order_by("pk")
    first = 0
    while True:
        keys = own.filter(pk__gt=first).values_list("pk", flat=True)
        step = list(keys[:STEP_OF_CONVERSATIONS])
        if not step:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                _COUNT_ACCOUNT,
                {
                    "account_id": account_id,
                    "first": first,
                    "last": step[-1],
                    "after": 0,
                    "upto": upto,
                },
            )
        first = step[-1]
        if progress:
            progress(len(step))
