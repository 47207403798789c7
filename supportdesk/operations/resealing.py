"""What the database keeps sealed, and sealing it anew when SECRET_KEY has changed.

Text fields are known by their name, of which "sealed" is a word; a test holds every
caller of `seal` to it. Other packages keep theirs inside JSON.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models, transaction

from supportdesk.core.sealing import SealBroken, is_current, is_seal, seal, unseal

BATCH = 200
# Of allauth: secrets of second factors.
_JSON_FIELDS = {"mfa.authenticator.data"}


@dataclass
class Outcome:
    """How many rows were sealed anew, were so already, or hold what no key opens."""

    resealed: int = 0
    current: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Place:
    """The sealed fields of one model."""

    model: type[models.Model]
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return self.model._meta.label

    def rows(self, after: Any, number: int) -> models.QuerySet[models.Model]:
        """The next rows by key; `after` is the last one's, None to begin."""
        rows = self.model._base_manager.order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        return rows.only("pk", *self.fields)[:number]


def places() -> list[Place]:
    """All models with something sealed."""
    found = []
    for model in apps.get_models():
        fields = tuple(field.name for field in model._meta.fields if _is_sealed(field))
        if fields:
            found.append(Place(model, fields))
    return found


def reseal(place: Place, *, batch: int = BATCH) -> Outcome:
    """Seal one model's secrets with today's key, `batch` rows a transaction.

    Whoever stops it loses at most one batch: begun again it finds what is done. What
    no key opens stays as it is.
    """
    outcome, last = Outcome(), None
    while True:
        last = _reseal_batch(place, last, batch, outcome)
        if last is None:
            return outcome


@transaction.atomic
def _reseal_batch(place: Place, after: Any, batch: int, outcome: Outcome) -> Any:
    """The key of the last row that was looked at; None when there was none."""
    last = None
    # Locked: a secret that is changed meanwhile must not come back.
    for row in place.rows(after, batch).select_for_update():
        last = row.pk
        states: set[str] = set()
        changes: dict[str, Any] = {}
        for name in place.fields:
            stored = getattr(row, name)
            fresh = _renewed(stored, states)
            if fresh != stored:
                changes[name] = fresh
        if changes:
            place.model._base_manager.filter(pk=row.pk).update(**changes)
            outcome.resealed += 1
        elif states == {"current"}:
            outcome.current += 1
        if "unknown" in states:
            outcome.unknown += 1
    return last


def has_unknown(place: Place, *, number: int) -> bool:
    """Whether one of the first `number` rows holds what no key opens."""
    states: set[str] = set()
    for row in place.rows(None, number):
        for name in place.fields:
            _renewed(getattr(row, name), states)
            if "unknown" in states:
                return True
    return False


def _renewed(value: Any, states: set[str]) -> Any:
    """The value with every seal in it of today; notes in `states` what was found."""
    if isinstance(value, dict):
        return {
            name: _renewed(part, states) if _is_worth_a_look(part) else part
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [
            _renewed(part, states) if _is_worth_a_look(part) else part for part in value
        ]
    if not value:
        return value
    if is_current(value):
        states.add("current")
        return value
    try:
        return seal(unseal(value))
    except SealBroken:
        states.add("unknown")
        return value


def _is_worth_a_look(part: Any) -> bool:
    """Inside JSON sealed and plain stand side by side."""
    return is_seal(part) if isinstance(part, str) else isinstance(part, dict | list)


def _is_sealed(field: Any) -> bool:
    if isinstance(field, models.JSONField):
        return str(field).lower() in _JSON_FIELDS
    is_text = isinstance(field, models.CharField | models.TextField)
    return is_text and "sealed" in field.name.split("_")
