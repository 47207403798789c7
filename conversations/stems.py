"""Stems of words, as the text search of PostgreSQL makes them."""

from collections.abc import Sequence

from django.db import connection

from conversations.words import CONFIGURATIONS

DICTIONARIES = {"german": "german_stem", "english": "english_stem"}
_STEMS = """
SELECT word, coalesce((ts_lexize(%s::regdictionary, word))[1], '')
FROM unnest(%s::text[]) AS word
"""


def dictionary_of(language: str) -> str:
    return DICTIONARIES.get(CONFIGURATIONS.get(language, ""), "simple")


def stems_in(language: str, words: Sequence[str]) -> dict[str, str]:
    """The stem of each word, empty for words that say nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_STEMS, [dictionary_of(language), list(words)])
        return dict(cursor.fetchall())
