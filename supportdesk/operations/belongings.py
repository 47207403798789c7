"""Which rows are an account's: found from the models, so that none is forgotten."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet

from supportdesk.accounts.models import Account

Model = type[models.Model]
APPS = (
    "notifications",
    "channels_integration",
    "conversations",
    "visitors",
    "accounts",
)


@cache
def paths() -> dict[Model, str]:
    """Models whose rows are an account's, with the lookup that leads to it.

    In the order in which they can be deleted: what points comes before what it points
    at, the account last.
    """
    found: dict[Model, str] = {Account: "pk"}
    models_left = [
        model
        for label in APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    # The shortest way: one more step with each round.
    while True:
        new = {
            model: path
            for model in models_left
            if model not in found and (path := _path(model, found))
        }
        if not new:
            break
        found |= new
    return {model: found[model] for model in _pointing_first(list(found))}


def rows_of(model: Model, account_id: int) -> "QuerySet[Any]":
    return model._base_manager.filter(**{paths()[model]: account_id})


def file_fields(model: Model) -> list[models.FileField]:
    fields = model._meta.concrete_fields
    return [field for field in fields if isinstance(field, models.FileField)]


def _path(model: Model, found: dict[Model, str]) -> str:
    """By the field that most surely says whose row it is."""
    ways = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in found
    ]
    ways.sort(key=lambda field: (field.null, field.related_model is not Account))
    if not ways:
        return ""
    inner = found[ways[0].related_model]
    return ways[0].name if inner == "pk" else f"{ways[0].name}__{inner}"


def _pointing_first(of: list[Model]) -> list[Model]:
    done: list[Model] = []

    def visit(model: Model, under_way: tuple[Model, ...]) -> None:
        if model in done or model in under_way:
            return
        for pointing in _pointing_at(model):
            if pointing in of:
                visit(pointing, (*under_way, model))
        done.append(model)

    visit(Account, ())
    for model in of:
        visit(model, ())
    return done


def _pointing_at(model: Model) -> Iterator[Model]:
    """Those that go with it or protect it; others only let go."""
    for relation in model._meta.related_objects:
        if relation.on_delete in (models.CASCADE, models.PROTECT):
            yield relation.related_model
