"""What `check --deploy --database default` says of the server."""

import pytest
from django.db import connection

from supportdesk.operations.checks import check_server

pytestmark = pytest.mark.django_db


def ids():
    return [message.id for message in check_server(None, databases=["default"])]


def has_trigrams():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_extension WHERE extname = 'pg_trgm'")
        return cursor.fetchone() is not None


def test_the_extension_is_asked_for_where_it_is_missing():
    assert ids() == ([] if has_trigrams() else ["operations.W002"])


def test_an_extension_that_came_later_waits_for_its_index():
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS search_word_parts")

    assert ids() == ["operations.W004" if has_trigrams() else "operations.W002"]


def test_nothing_is_asked_without_a_database():
    assert check_server(None) == []
