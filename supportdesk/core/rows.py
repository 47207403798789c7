"""Model instances from plain SQL, for the few statements the ORM cannot say.

`Manager.raw` does this too, but assembles a query set around it: on the path of
every message that costs more than the statement itself.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, models

M = TypeVar("M", bound=models.Model)


def columns(model: type[models.Model], table: str = "") -> str:
    """The model's columns for a SELECT or RETURNING, in the order `instance` takes."""
    prefix = f"{table}." if table else ""
    return ", ".join(f'{prefix}"{f.column}"' for f in model._meta.concrete_fields)


def instance(model: type[M], row: Sequence[Any]) -> M:
    """The instance of a row that was selected with `columns`.

    Values are taken as the driver gives them, so models with fields that convert
    what they read (JSON) need `raw`.
    """
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(DEFAULT_DB_ALIAS, names, list(row))
