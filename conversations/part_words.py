"""Words that hold a part of a word: found among all words of the account, by trigrams.

PostgreSQL brings them as an extension, which a server may lack. Everything is written
and asked alike then, and there is nothing to be found.
"""

from collections.abc import Collection

from django.db import connection

from supportdesk.accounts.models import Account

INDEX = "search_word_parts"
# More would not be what was meant, and PostgreSQL takes each for frequent.
MAX_WORDS = 10
MAX_LOOKED_AT = 1_000

# Each part by itself, for PostgreSQL then knows how many words hold it. The index is
# asked for once, and where it is missing no word is read.
_WITH_PART = """
(SELECT %s AS part, word FROM conversations_searchword
WHERE account_id = %s AND word LIKE %s AND word <> %s AND to_regclass(%s) IS NOT NULL
LIMIT %s)
"""


def words_with(
    parts: Collection[str], account: Account | None
) -> dict[str, tuple[str, ...]]:
    """For each part the words that hold it and are longer, the shortest first.

    Parts are folded words, without anything that means something to LIKE.
    """
    if not parts or account is None:
        return {}
    values: list[str | int] = []
    for part in parts:
        values += [part, account.pk, f"%{part}%", part, INDEX, MAX_LOOKED_AT]
    found: dict[str, list[str]] = {part: [] for part in parts}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([_WITH_PART] * len(parts)), values)
        for part, word in cursor.fetchall():
            found[part].append(word)
    return {
        part: tuple(sorted(words, key=lambda word: (len(word), word))[:MAX_WORDS])
        for part, words in found.items()
    }
