"""The list of all words that stand in search documents: parts of words are found in it."""

from collections.abc import Collection, Iterable, Mapping

from django.db import ProgrammingError, connection, transaction

from conversations.models import SearchWord
from conversations.part_words import INDEX
from conversations.words import SHORTEST_PART, account_word

_ADD = """
INSERT INTO conversations_searchword (account_id, word)
SELECT %s, word FROM unnest(%s::text[]) AS word
ON CONFLICT DO NOTHING
"""
_IN_DOCUMENTS = """
SELECT DISTINCT unnest(tsvector_to_array(words))
FROM conversations_searchdocument WHERE conversation_id = ANY(%s)
"""
_FORGET = """
DELETE FROM conversations_searchword AS gone
WHERE account_id = %s AND word = ANY(%s) AND NOT EXISTS (
    SELECT FROM conversations_searchdocument AS document
    WHERE document.words
        @@ concat(quote_literal(gone.word), ' & ', quote_literal(%s))::tsquery
)
"""
_FORGET_UNUSED = """
DELETE FROM conversations_searchword AS gone
WHERE account_id = %s AND NOT EXISTS (
    SELECT FROM ts_stat(format(
        'SELECT words FROM conversations_searchdocument WHERE words @@ %%L::tsquery', %s
    )) AS used
    WHERE used.word = gone.word
)
"""


def add_words(words: Mapping[int, Iterable[str]]) -> None:
    """Add words by the key of their account; those that are there cost a look.

    Once in a transaction and sorted: two that add the same words never wait for each
    other.
    """
    with connection.cursor() as cursor:
        for account, each in sorted(words.items()):
            longer = {word for word in each if len(word) > SHORTEST_PART}
            cursor.execute(_ADD, [account, sorted(longer)])


def words_in(conversation_ids: Collection[int]) -> list[str]:
    """All words that stand in the documents of these conversations."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_DOCUMENTS, [list(conversation_ids)])
        return [word for (word,) in cursor.fetchall()]


def forget_words(*, account_id: int, words: Collection[str]) -> None:
    """Take off the account's list what none of its documents holds any more, of these
    words."""
    if not words:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan')")
        [before] = cursor.fetchone()
        # Where a word is rare, reading all documents for it would take seconds, and
        # PostgreSQL does not know beforehand.
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true)")
        cursor.execute(_FORGET, [account_id, list(words), account_word(account_id)])
        cursor.execute("SELECT set_config('enable_seqscan', %s, true)", [before])


def forget_unused_words() -> None:
    """Take off the lists what no document holds any more. Reads all documents."""
    accounts = SearchWord.objects.order_by("account").values_list("account", flat=True)
    for account_id in list(accounts.distinct()):
        documents = f"'{account_word(account_id)}'"
        with connection.cursor() as cursor:
            cursor.execute(_FORGET_UNUSED, [account_id, documents])


def index_parts_of_words() -> bool:
    """Make the index by which parts of words are found; whether there is one now.

    False where the server lacks trigrams or does not let us install them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass(%s) IS NOT NULL, EXISTS ("
            "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')",
            [INDEX],
        )
        is_there, can_be_had = cursor.fetchone()
        if is_there or not can_be_had:
            return bool(is_there)
        try:
            with transaction.atomic():
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                cursor.execute(
                    f"CREATE INDEX IF NOT EXISTS {INDEX}"
                    " ON conversations_searchword USING gin (word gin_trgm_ops)"
                )
        except ProgrammingError:
            # Not ours to install; the system check asks for it.
            return False
    return True
