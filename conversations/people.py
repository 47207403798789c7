"""Who is around a conversation: its visitor, its assignees, who has read it.

Asked after each commit, since the audience of a push must be the one that is
true now, not when the row was read. Two plain statements: the ORM takes longer to
assemble them than PostgreSQL to answer.
"""

from django.db import connection

from conversations.models import Conversation
from supportdesk.accounts.people import Person
from supportdesk.core.rows import columns, instance
from visitors.models import Visitor

_PEOPLE = """
SELECT agent_id, name, email, assigned, visitor_messages
FROM (
    SELECT agent_id, id AS assigned, NULL::integer AS visitor_messages
    FROM conversations_assignment WHERE conversation_id = %(id)s
    UNION ALL
    SELECT agent_id, NULL, visitor_messages
    FROM conversations_conversationread WHERE conversation_id = %(id)s
) AS part
JOIN accounts_user ON accounts_user.id = agent_id
ORDER BY assigned
"""


def read_conversation(conversation_id: int) -> Conversation:
    """The row as it is now."""
    row = (
        f"SELECT {columns(Conversation)} FROM conversations_conversation WHERE id = %s"  # noqa: S608 - column names
    )
    with connection.cursor() as cursor:
        cursor.execute(row, [conversation_id])
        found = cursor.fetchone()
    if found is None:
        raise Conversation.DoesNotExist
    return instance(Conversation, found)


def look_up(conversation: Conversation) -> None:
    """Set `visitor`, `people` and `reads_by_agent` as they are now."""
    visitor = f"SELECT {columns(Visitor)} FROM visitors_visitor WHERE id = %s"  # noqa: S608 - column names
    people, reads = [], []
    with connection.cursor() as cursor:
        cursor.execute(visitor, [conversation.visitor_id])
        conversation.visitor = instance(Visitor, cursor.fetchone())
        cursor.execute(_PEOPLE, {"id": conversation.pk})
        for agent_id, name, email, assigned, visitor_messages in cursor.fetchall():
            if assigned is not None:
                people.append(Person(agent_id, name, email))
            if visitor_messages is not None:
                reads.append((agent_id, visitor_messages))
    conversation.people = people
    conversation.reads_by_agent = reads
