"""Conversations that hold rare words, by their keys.

PostgreSQL takes every word that it has no figures of for one in two hundred, and would
walk along a million conversations for one that stands in twenty.

All accounts share the index of words. What is asked for is asked together with the
word that stands in all of the account's documents: the index then skips from one hit
to the next, and reads neither the hits of others nor all that the account has.
"""

from typing import Any

from django.contrib.postgres.search import SearchQueryCombinable, SearchQueryField
from django.db import connection
from django.db.models import Func, Value

from conversations.models import SearchDocument
from conversations.words import account_word
from supportdesk.accounts.models import Account

MAX_FEW = 2_000
# Planned as if all were wanted, which is by the index of words; read as far as needed.
_FEW = """
WITH hit AS MATERIALIZED ({documents})
SELECT conversation_id FROM hit LIMIT %s
"""


class _AsItIs(SearchQueryCombinable, Func):  # type: ignore[misc]
    """A word that no parser takes apart."""

    template = "(quote_literal(%(expressions)s)::tsquery)"
    output_field = SearchQueryField()
    config = None


def keys_if_few(asked: Any, account: Account) -> list[int] | None:
    """Keys of the account's conversations with these words; None if there are many.

    Many are found soon by whoever walks along the list.
    """
    # In one condition: of two the index would read the account's documents first.
    asked = asked & _AsItIs(Value(account_word(account.pk)))
    documents = SearchDocument.objects.filter(words=asked).values("conversation_id")
    sql, params = documents.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_FEW.format(documents=sql), [*params, MAX_FEW + 1])
        keys = [key for (key,) in cursor.fetchall()]
    return keys if len(keys) <= MAX_FEW else None
