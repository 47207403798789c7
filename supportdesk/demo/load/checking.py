"""Whether what stands in the tables is what the services would have written."""

from django.db import connection

from supportdesk.accounts.models import Account

# Each finds what is wrong: rows of `conversation` with a column that disagrees.
_OF_MESSAGES = """
WITH entry AS (
    SELECT
        message.*,
        (kind = 'message' AND by_visitor) AS asks,
        (kind = 'message' AND NOT by_visitor) AS answers
    FROM conversations_message AS message
    JOIN conversations_conversation AS conversation ON conversation.id = conversation_id
    WHERE account_id = %(account)s
), answered AS (
    SELECT conversation_id, max(seq) AS seq FROM entry WHERE answers GROUP BY 1
), counted AS (
    SELECT
        entry.conversation_id AS id,
        count(*) AS entries,
        max(entry.seq) AS last_seq,
        count(public_seq) AS public_entries,
        max(public_seq) AS last_public_seq,
        count(*) FILTER (WHERE asks) AS visitor_messages,
        max(created_at) FILTER (WHERE asks OR answers) AS last_activity_at,
        min(created_at) AS began_at,
        max(created_at) AS ended_at,
        min(created_at) FILTER (
            WHERE asks AND entry.seq > COALESCE(answered.seq, 0)
        ) AS waiting_since,
        max((data ->> 'left_at')::timestamptz) FILTER (
            WHERE event = 'missed' AND entry.seq > COALESCE(answered.seq, 0)
        ) AS missed_at,
        count(*) FILTER (WHERE event = 'resolved') AS resolved,
        max((data ->> 'rating')::int) FILTER (WHERE event = 'rated') AS rating,
        (array_agg(btrim(left(text, 200)) ORDER BY entry.seq DESC)
            FILTER (WHERE asks OR answers))[1] AS preview,
        (array_agg(answers ORDER BY entry.seq DESC)
            FILTER (WHERE asks OR answers))[1] AS by_agent
    FROM entry
    LEFT JOIN answered ON answered.conversation_id = entry.conversation_id
    GROUP BY 1
)
SELECT count(*)
FROM conversations_conversation AS conversation
LEFT JOIN counted ON counted.id = conversation.id
WHERE account_id = %(account)s AND ({wrong}) IS NOT FALSE
"""
_COUNTERS = {
    "entries have no gap": "entries <> counted.last_seq",
    "last_seq": "conversation.last_seq <> counted.last_seq",
    "public entries have no gap": "public_entries <> counted.last_public_seq",
    "last_public_seq": "conversation.last_public_seq <> counted.last_public_seq",
    "visitor_message_count": "visitor_message_count <> visitor_messages",
    "last_activity_at": "conversation.last_activity_at <> counted.last_activity_at",
    "created_at": "conversation.created_at <> began_at",
    "preview": "conversation.preview <> counted.preview",
    "preview_by_agent": "preview_by_agent <> by_agent",
    "waiting_since": "conversation.waiting_since IS DISTINCT FROM"
    " CASE WHEN status = 'open' THEN counted.waiting_since END",
    "missed_at": "conversation.missed_at IS DISTINCT FROM counted.missed_at",
    "resolved_at": "(resolved_at IS NOT NULL) <> (status = 'resolved')"
    " OR (status = 'resolved') <> (resolved > 0)",
    "rating": "conversation.rating IS DISTINCT FROM counted.rating"
    " OR (conversation.rating IS NULL) <> (rated_at IS NULL)",
    "seen": "visitor_seen_seq > conversation.last_public_seq"
    " OR agent_seen_seq > conversation.last_public_seq",
    "no time in the future": "ended_at > now()",
}
_OTHERS = {
    "times follow the entries": """
        SELECT count(*) FROM (
            SELECT message.created_at < lag(message.created_at) OVER (
                PARTITION BY conversation_id ORDER BY seq
            ) AS runs_back
            FROM conversations_message AS message
            JOIN conversations_conversation AS conversation
                ON conversation.id = conversation_id
            WHERE account_id = %(account)s
        ) AS step WHERE runs_back
    """,
    "is_assigned": """
        SELECT count(*) FROM conversations_conversation AS conversation
        WHERE account_id = %(account)s AND is_assigned <> EXISTS (
            SELECT FROM conversations_assignment WHERE conversation_id = conversation.id
        )
    """,
    "assignee_ids": """
        SELECT count(*) FROM conversations_conversation AS conversation
        WHERE account_id = %(account)s AND assignee_ids <> ARRAY(
            SELECT agent_id FROM conversations_assignment
            WHERE conversation_id = conversation.id ORDER BY agent_id
        )
    """,
    "who answered is assigned": """
        SELECT count(*) FROM conversations_message AS message
        JOIN conversations_conversation AS conversation
            ON conversation.id = conversation_id
        WHERE account_id = %(account)s AND kind = 'message' AND NOT by_visitor
        AND NOT EXISTS (
            SELECT FROM conversations_assignment AS assignment
            WHERE assignment.conversation_id = conversation.id
            AND assignment.agent_id = message.agent_id
        )
    """,
    "nobody has read more than there is": """
        SELECT count(*) FROM conversations_conversationread
        JOIN conversations_conversation AS conversation
            ON conversation.id = conversation_id
        WHERE account_id = %(account)s
        AND (visitor_messages > visitor_message_count OR seen_seq > last_seq)
    """,
    "channel_kind": """
        SELECT count(*) FROM conversations_conversation AS conversation
        JOIN conversations_channel AS channel ON channel.id = channel_id
        WHERE conversation.account_id = %(account)s
        AND (kind <> channel_kind OR channel.account_id <> conversation.account_id)
    """,
    "visitors and groups are the account's": """
        SELECT count(*) FROM conversations_conversation AS conversation
        JOIN visitors_visitor AS visitor ON visitor.id = visitor_id
        LEFT JOIN accounts_agentgroup AS owning ON owning.id = group_id
        WHERE conversation.account_id = %(account)s AND (
            visitor.account_id <> conversation.account_id
            OR owning.account_id <> conversation.account_id
            OR visitor.created_at > conversation.created_at
        )
    """,
    "page_count": """
        SELECT count(*) FROM visitors_visit AS visit
        JOIN visitors_visitor AS visitor ON visitor.id = visitor_id
        WHERE account_id = %(account)s AND page_count <> (
            SELECT count(*) FROM visitors_pageview AS seen
            WHERE seen.visit_id = visit.id AND at BETWEEN started_at AND visit.last_seen_at
        )
    """,
}


def verify(account: Account) -> dict[str, int]:
    """What does not hold, with the number of rows where it does not; empty if all does."""
    checks = {
        name: _OF_MESSAGES.format(wrong=wrong) for name, wrong in _COUNTERS.items()
    } | _OTHERS
    wrong = {}
    with connection.cursor() as cursor:
        for name, statement in checks.items():
            cursor.execute(statement, {"account": account.pk})
            if number := cursor.fetchone()[0]:
                wrong[name] = number
    return wrong
