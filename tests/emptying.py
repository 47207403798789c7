"""How the database gets empty after a test whose transactions were real.

Django truncates every table and writes its content types anew: most of a second. What
one test leaves are a few rows, and those are deleted in some milliseconds.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

# Django's own list of models, the same after every test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def use() -> None:
    TransactionTestCase._fixture_teardown = delete_rows  # type: ignore[attr-defined]


def delete_rows(case: TransactionTestCase) -> None:
    if not _may_leave_rules_aside():
        _flush(case)
        return
    quote = connection.ops.quote_name
    tables = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    deletions = [f"DELETE FROM {quote(name)}" for name in tables if name not in KEPT]  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        # In any order, and history too: nothing looks at what points at what.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("; ".join(deletions))


def _may_leave_rules_aside() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return cursor.fetchone() == ("on",)
