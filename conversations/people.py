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
    ARRAY(
        SELECT ROW(agent.id, agent.name, agent.email)
        FROM conversations_assignment AS assignment
        JOIN accounts_user AS agent ON agent.id = assignment.agent_id
        WHERE assignment.conversation_id = %(conversation)s
        ORDER BY assignment.id
    ),
    ARRAY(
        SELECT ROW(agent_id, visitor_messages)
        FROM conversations_conversationread
        WHERE conversation_id = %(conversation)s
    ),
    {visitor}
FROM visitors_visitor WHERE id = %(visitor)s
"""


def read_conversation(conversation_id: int) -> Conversation | None:
    """The row as it is now, with everybody around it; None if it was erased."""
    row = (
        f"SELECT {columns(Conversation)} FROM conversations_conversation WHERE id = %s"  # noqa: S608 - column names
    )
    with connection.cursor() as cursor:
        cursor.execute(row, [conversation_id])
        found = cursor.fetchone()
    conversation = instance(Conversation, found) if found else None
    return conversation if conversation and look_up(conversation) else None


def look_up(conversation: Conversation) -> None:
    """Set `visitor`, `people` and `reads_by_agent` as they are now."""
    statement = _AROUND.format(visitor=columns(Visitor))
    who = {"conversation": conversation.pk, "visitor": conversation.visitor_id}
    with connection.cursor() as cursor:
        cursor.execute(statement, who)
        people, reads, *visitor = cursor.fetchone()
    conversation.visitor = instance(Visitor, visitor)
    conversation.people = [Person(*person) for person in people]
    conversation.reads_by_agent = [tuple(read) for read in reads]
