"""What an answer is: the one definition for reports and the daily summary.

A round begins when a visitor's conversation begins or comes back after it was
resolved. Its answer is the first message of an agent after the first one of the
visitor, and its time counts from that one. Neither a greeting that nobody asked for
nor the tenth message of a chat is an answer.
"""

# For a statement that names the conversations in question `touched (id)`. An entry
# counts by the conversation it was written in, wherever it stands by now: to merge
# conversations or to split one makes no answer of what was none, and counts nothing
# twice. Keys follow the order of entries in what was written together.
#
# There is no index on when a message was written. Joined laterally, each
# conversation's messages are looked up by its own index, however many the database
# believes there are.
ROUNDS = """
entries AS MATERIALIZED (
    SELECT touched.id AS written_in, entry.*
    FROM touched
    CROSS JOIN LATERAL (
        SELECT
            id AS message_id, conversation_id, kind, by_visitor, event, agent_id,
            created_at,
            CASE WHEN event = 'rated' THEN (data ->> 'rating')::int END AS rating,
            COUNT(*) FILTER (WHERE event IN ('started', 'reopened'))
                OVER thread AS round,
            MAX(created_at) FILTER (WHERE event IN ('started', 'reopened'))
                OVER thread AS round_began_at,
            -- Arrays compare by their first elements: the last one who wrote.
            (MAX(ARRAY[id, agent_id])
                FILTER (WHERE kind = 'message' AND NOT by_visitor)
                OVER thread)[2] AS answered_by
        FROM (
            SELECT * FROM conversations_message
            WHERE conversation_id = touched.id AND written_in IS NULL
            UNION ALL
            SELECT * FROM conversations_message WHERE written_in = touched.id
        ) AS written
        WHERE kind = 'message' OR event IN (
            'started', 'reopened', 'resolved', 'offline', 'missed', 'rated'
        )
        WINDOW thread AS (ORDER BY id)
    ) AS entry
), asked AS (
    SELECT DISTINCT ON (written_in, round)
        written_in, round, message_id, created_at AS asked_at
    FROM entries WHERE kind = 'message' AND by_visitor
    ORDER BY written_in, round, message_id
), answered AS (
    SELECT DISTINCT ON (written_in, round)
        conversation_id, entries.message_id, agent_id, asked_at,
        created_at AS answered_at, created_at - asked_at AS wait
    FROM entries JOIN asked USING (written_in, round)
    WHERE kind = 'message' AND NOT by_visitor
        AND entries.message_id > asked.message_id
    ORDER BY written_in, round, entries.message_id
)
"""
