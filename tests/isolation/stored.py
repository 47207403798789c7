"""What is stored, read with one query: which rows changed, and what new ones point at."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, models

# By table and key, the row as JSON.
Rows = dict[tuple[str, str], str]

APPS = {
    *("accounts", "visitors", "conversations", "website", "notifications"),
    *("channels_integration", "mfa"),
}
# When somebody was here last is no business of the pages.
LEFT_OUT = ["last_login", "last_used_at"]


def stored() -> Rows:
    """Every row of every table of ours."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"left_out": LEFT_OUT})
        return {(table, pk): row for table, pk, row in cursor.fetchall()}


def changed(rows: Rows, now: Rows) -> list[str]:
    """What is not as it was of these rows."""
    return [f"{key} {now.get(key)}" for key, row in rows.items() if now.get(key) != row]


def differing(before: Rows, now: Rows) -> list[str]:
    """Whatever was changed, deleted or added."""
    keys = before.keys() | now.keys()
    return sorted(str(key) for key in keys if before.get(key) != now.get(key))


def pointing_at(rows: Rows, now: Rows) -> list[str]:
    """Whatever else there is that refers to one of these rows."""
    found = []
    for table, pk in now.keys() - rows.keys():
        values: dict[str, Any] = json.loads(now[table, pk])
        found += [
            f"{table} {values}"
            for column, target in _references()[table]
            if (target, str(values[column])) in rows
        ]
    return found


def telling_of(word: str, before: Rows, now: Rows, sent: dict[str, Any]) -> list[str]:
    """Rows that hold a house's word since then, but for what was sent with a form:
    copies of what another house has point at nothing."""
    values = [value for value in sent.values() if isinstance(value, str)]
    lists = [value for value in sent.values() if isinstance(value, list)]
    values += [value for each in lists for value in each if isinstance(value, str)]
    echoes = {f"q={word}", *values} - {word}
    found = []
    for key, row in now.items():
        if before.get(key) == row:
            continue
        for echo in echoes:
            row = row.replace(echo, "")
        if word in row:
            found.append(f"{key} {row}")
    return found


def our_models() -> Iterator[type[models.Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in APPS:
            yield model


@cache
def _statement() -> str:
    return " UNION ALL ".join(map(_rows_of, our_models()))


def _rows_of(model: type[models.Model]) -> str:
    quote, table = connection.ops.quote_name, model._meta.db_table
    key = ", ".join(quote(str(field.column)) for field in model._meta.pk_fields)
    return (
        f"SELECT '{table}', concat_ws('/', {key}),"  # noqa: S608
        f" (to_jsonb(t) - %(left_out)s::text[])::text FROM {quote(table)} t"
    )


@cache
def _references() -> dict[str, list[tuple[str, str]]]:
    """Of each table, the columns that hold keys of others, and of which."""
    return {
        model._meta.db_table: [
            (str(field.column), field.related_model._meta.db_table)
            for field in model._meta.concrete_fields
            if isinstance(field.related_model, type)
        ]
        for model in our_models()
    }
