"""What takes long on a big desk, without a lock that anybody waits for."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import ProgrammingError, migrations, models, transaction

BATCH = 5_000
_COPY_ASSIGNEES = """
UPDATE conversations_conversation SET assignee_ids = ARRAY(
    SELECT agent_id FROM conversations_assignment
    WHERE conversation_id = conversations_conversation.id ORDER BY agent_id
)
WHERE id BETWEEN %s AND %s AND is_assigned AND assignee_ids = '{}'
"""


def copy_assignees(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("conversations", "Conversation").objects.all()
    newest = rows.aggregate(newest=models.Max("pk"))["newest"] or 0
    with schema_editor.connection.cursor() as cursor:
        for first in range(1, newest + 1, BATCH):
            cursor.execute(_COPY_ASSIGNEES, [first, first + BATCH - 1])


def index_parts_of_words(apps: Any, schema_editor: Any) -> None:
    """Where trigrams can be had; `manage.py rebuild_search` makes up for it later."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                cursor.execute(
                    "CREATE INDEX IF NOT EXISTS search_word_parts"
                    " ON conversations_searchword USING gin (word gin_trgm_ops)"
                )
        except ProgrammingError:
            # Not ours to install; the system check asks for it.
            return


def forget_parts_of_words(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS search_word_parts")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0014_finding")]

    operations = [
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                fields=["account", "language", "status", "-last_activity_at", "-id"],
                name="conv_language",
            ),
        ),
        migrations.RunPython(copy_assignees, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                fields=["account", "group"],
                include=["assignee_ids", "missed_at", "snoozed_until"],
                condition=models.Q(status="open"),
                name="conv_open_counts",
            ),
        ),
        migrations.RunPython(index_parts_of_words, forget_parts_of_words),
    ]
