"""Every search document says whose it is: `conversations.words.account_word`."""

from typing import Any

from django.db import migrations, models

BATCH = 5_000
_MARK = """
UPDATE conversations_searchdocument AS document
SET words = document.words || array_to_tsvector(ARRAY['@' || conversation.account_id])
FROM conversations_conversation AS conversation
WHERE conversation.id = document.conversation_id
AND document.conversation_id BETWEEN %s AND %s
AND NOT document.words @@ quote_literal('@' || conversation.account_id)::tsquery
"""


def mark_documents(apps: Any, schema_editor: Any) -> None:
    """Batch by batch, each committed by itself: about two seconds each, as long as the
    index of words takes. What was marked before an interruption is passed by."""
    documents = apps.get_model("conversations", "SearchDocument").objects.all()
    newest = documents.aggregate(newest=models.Max("pk"))["newest"] or 0
    with schema_editor.connection.cursor() as cursor:
        for first in range(1, newest + 1, BATCH):
            cursor.execute(_MARK, [first, first + BATCH - 1])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("conversations", "0017_exports_withdrawn")]

    # Backwards there is nothing to do: nobody can ask for the word.
    operations = [migrations.RunPython(mark_documents, migrations.RunPython.noop)]
