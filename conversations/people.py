"""Who is around a conversation: its visitor, its assignees, who has read it.

Asked after each commit, since the audience of a push must be the one that is
true now, not when the row was read. In one plain statement: the ORM takes longer to
assemble it than PostgreSQL to answer.
"""

from django.db import connection

from conversations.models import Conversation
from supportdesk.accounts.people import Person
from supportdesk.core.rows import columns, instance
from visitors.models import Visitor

_VISITOR = (
    f"SELECT group_id, {columns(Visitor, 'visitors_visitor')}"  # noqa: S608 - column names
    " FROM conversations_conversation"
    " JOIN visitors_visitor ON visitors_visitor.id = visitor_id"
    " WHERE conversations_conversation.id = %s"
)
_AROUND = """
SELECT
    conversation.group_id,
    assigned.ids, assigned.names, assigned.emails,
    seen.ids, seen.counts,
    ARRAY(
        SELECT agent_id FROM conversations_follow
        WHERE conversation_id = conversation.id
    ),
    {visitor}
FROM conversations_conversation AS conversation
JOIN visitors_visitor AS visitor ON visitor.id = conversation.visitor_id
CROSS JOIN LATERAL (
    SELECT
        array_agg(agent.id ORDER BY assignment.id) AS ids,
        array_agg(agent.name ORDER BY assignment.id) AS names,
        array_agg(agent.email ORDER BY assignment.id) AS emails
    FROM conversations_assignment AS assignment
    JOIN accounts_user AS agent ON agent.id = assignment.agent_id
    WHERE assignment.conversation_id = conversation.id
) AS assigned
CROSS JOIN LATERAL (
    SELECT array_agg(agent_id) AS ids, array_agg(visitor_messages) AS counts
    FROM conversations_conversationread WHERE conversation_id = conversation.id
) AS seen
WHERE conversation.id = %s AND conversation.merged_into_id IS NULL
"""


def read_conversation(conversation_id: int) -> Conversation | None:
    """The row with all who are around it; None if it was deleted meanwhile, or merged
    into another one."""
    statement = (
        f"SELECT {columns(Conversation)} FROM conversations_conversation"  # noqa: S608 - column names
        " WHERE id = %s AND merged_into_id IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [conversation_id])
        row = cursor.fetchone()
    if row is None:
        return None
    conversation = instance(Conversation, row)
    return conversation if look_up(conversation) else None


def look_up(conversation: Conversation) -> bool:
    """Set group, `visitor`, `people`, `reads_by_agent`, `follower_ids` as they are now.

    False if the conversation was deleted meanwhile, or merged into another one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _AROUND.format(visitor=columns(Visitor, "visitor")), [conversation.pk]
        )
        row = cursor.fetchone()
    if row is None:
        return False
    group_id, ids, names, emails, readers, counts, followers, *visitor = row
    conversation.group_id = group_id
    conversation.visitor = instance(Visitor, visitor)
    conversation.people = [
        Person(*person)
        for person in zip(ids or (), names or (), emails or (), strict=True)
    ]
    conversation.follower_ids = followers
    conversation.reads_by_agent = list(zip(readers or (), counts or (), strict=True))
    return True
