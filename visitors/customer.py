"""Customer information: what may come in, and what the card shows of it.

Everything that a page sends is hostile and all of it is one flat list of short
lines; what does not fit is left out by its key, never cut to something else.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from supportdesk.accounts.models import Account
from supportdesk.core.redaction import redact_value
from supportdesk.core.text import clean_text, redact_line
from visitors.exceptions import VisitorError
from visitors.models import CustomerInformation, Source, Visitor

MAX_KEYS, MAX_BYTES = 100, 32 * 1024
KEY_LENGTH, LABEL_LENGTH, VALUE_LENGTH = 64, 100, 1000
# Beyond it neither a page's numbers nor a person reading them are exact.
MAX_NUMBER = 10**18
# How many of the keys that were left out are named.
MAX_NAMED = 100
# Keys of the desk's own, in the reader's language.
_LABELS = {"user_id": gettext_lazy("Customer id")}
# A text this many times too long is not even cleaned.
_SLACK = 4

Value = str | int | float | bool | None


@dataclass(frozen=True)
class CustomerItem:
    """One entry, cleaned; a value of None takes the key away."""

    key: str
    label: str
    value: Value

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ShownItem:
    """An entry as the card shows it; the label is never empty."""

    key: str
    label: str
    value: Value
    source: Source
    verified: bool


class _Unfit(Exception):
    """An entry that is left out."""


def parse_items(raw: object) -> tuple[list[CustomerItem], list[str]]:
    """The entries of `{key: value}` or `{key: {label, value}}`, and the keys left out.

    Raises VisitorError for what is no such object at all.
    """
    if not isinstance(raw, dict):
        raise VisitorError(_("Customer information must be an object."))
    items: dict[str, CustomerItem] = {}
    left_out: list[str] = []
    size = 0
    for key, value in raw.items():
        try:
            item = _parse(key, value)
            grown = size + size_of(item.stored)
            # Two keys that are the same once cleaned: nobody can say which is meant.
            if item.key in items or len(items) >= MAX_KEYS or grown > MAX_BYTES:
                raise _Unfit
        except _Unfit:
            if len(left_out) < MAX_NAMED:
                left_out.append(_named(key))
        else:
            items[item.key], size = item, grown
    return list(items.values()), left_out


def _parse(key: object, value: object) -> CustomerItem:
    name = _line(key, KEY_LENGTH)
    if not name:
        raise _Unfit
    label = ""
    if isinstance(value, dict):
        if "value" not in value or not value.keys() <= {"label", "value"}:
            raise _Unfit
        label = _line(value.get("label") or "", LABEL_LENGTH)
        value = value["value"]
    return CustomerItem(name, label, _value(value, label or name))


def _value(value: object, label: str) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _line(value, VALUE_LENGTH, label)
    # NaN is within no bounds.
    if not isinstance(value, int | float) or not -MAX_NUMBER < value < MAX_NUMBER:
        raise _Unfit
    # As the database gives it back, so that the same is seen to be the same.
    number: Value = int(value) if float(value).is_integer() else value
    hidden: Value = redact_value({label: number})[label]
    return hidden


def _line(text: object, max_length: int, label: str = "") -> str:
    """One line without card numbers; `label` tells an order number from a card."""
    if not isinstance(text, str) or len(text) > max_length * _SLACK:
        raise _Unfit
    line = " ".join(clean_text(text).split())
    if len(line) > max_length:
        raise _Unfit
    if not label:
        return redact_line(line, max_length)
    hidden: str = redact_value({label: line})[label]
    return hidden[:max_length].strip()


def _named(key: object) -> str:
    if not isinstance(key, str):
        return ""
    return redact_line(key[: KEY_LENGTH * _SLACK], KEY_LENGTH)


def size_of(stored: dict[str, Any]) -> int:
    return len(json.dumps(stored, ensure_ascii=False).encode())


def read_customer(visitor: Visitor, account: Account) -> list[ShownItem]:
    """What the card shows, as the account has chosen it.

    The word of the shop's server wins over the page's for the same key.
    """
    if not account.show_customer_information:
        return []
    rows = CustomerInformation.objects.filter(visitor=visitor)
    return shown_items(rows.values("source", "items"), account)


def customer_expression(visitor: str) -> ArraySubquery:
    """For `annotate()`: what `shown_items` takes, without a query of its own."""
    rows = CustomerInformation.objects.filter(visitor=OuterRef(visitor))
    return ArraySubquery(rows.values(row=JSONObject(source="source", items="items")))


def shown_items(rows: Iterable[Mapping[str, Any]], account: Account) -> list[ShownItem]:
    """The entries of a visitor's rows, each key once and as the account has chosen."""
    if not account.show_customer_information:
        return []
    shown: dict[str, ShownItem] = {}
    for row in sorted(rows, key=lambda row: row["source"] == Source.PAGE):
        for item in _shown(row):
            shown.setdefault(item.key, item)
    if not account.customer_keys:
        return list(shown.values())
    return [shown[key] for key in account.customer_keys if key in shown]


def _shown(row: Mapping[str, Any]) -> Iterable[ShownItem]:
    source = Source(row["source"])
    for item in row["items"]:
        yield ShownItem(
            key=item["key"],
            label=item["label"] or str(_LABELS.get(item["key"], item["key"])),
            value=item["value"],
            source=source,
            verified=source != Source.PAGE,
        )
