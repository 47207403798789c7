"""What goes in and what comes out, as types; the OpenAPI description is made of them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import AfterValidator, ConfigDict

from supportdesk.accounts.models import Language
from supportdesk.core.text import clean_line, redact_line
from visitors.customer import (
    KEY_LENGTH,
    LABEL_LENGTH,
    MAX_BYTES,
    MAX_KEYS,
    MAX_NUMBER,
    VALUE_LENGTH,
)
from visitors.exceptions import VisitorError
from visitors.models import CustomerInformation, Source, Visitor
from visitors.services import check_user_id

MAX_PAGE = 100
_PHONE = re.compile(r"\+?[\d ()/.\-]+(?: ?(?:x|ext\.?|#) ?\d{1,6})?", re.IGNORECASE)
_EXAMPLE_ID = "8f14e45f-ceea-4670-a5b1-6d9d6a4a3f0e"
_VALUES: list[dict[str, Any]] = [
    {"type": "string", "maxLength": VALUE_LENGTH},
    {"type": "number", "exclusiveMinimum": -MAX_NUMBER, "exclusiveMaximum": MAX_NUMBER},
    {"type": "boolean"},
    {"type": "null"},
]
_LABELLED = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "maxLength": LABEL_LENGTH},
        "value": {"anyOf": _VALUES},
    },
    "required": ["value"],
    "additionalProperties": False,
}
_ITEMS: dict[str, Any] = {
    "additionalProperties": {"anyOf": [*_VALUES, _LABELLED]},
    "propertyNames": {"minLength": 1, "maxLength": KEY_LENGTH},
    "maxProperties": MAX_KEYS,
}
_CUSTOMER = {
    "tariff": {"label": "Tariff", "value": "Pro"},
    "orders": {"label": "", "value": 12},
}


def _email(text: str) -> str:
    if not text.strip():
        return ""
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError(_("Please enter a complete e-mail address.")) from None
    if redact_line(text, len(text)) != text:
        raise ValueError(_("This looks like a card number, which is not stored."))
    return text


def _phone(text: str) -> str:
    text = clean_line(text, len(text))
    if not text:
        return ""
    if not _PHONE.fullmatch(text) or sum(map(str.isdigit, text)) < 3:
        raise ValueError(_("Please enter a complete phone number."))
    if redact_line(text, len(text)) != text:
        raise ValueError(_("This looks like a card number, which is not stored."))
    return text


def _user_id(text: str) -> str:
    try:
        return check_user_id(text) if text else ""
    except VisitorError as error:
        raise ValueError(str(error)) from None


def _without_controls(text: str) -> str:
    if clean_line(text, len(text)) != text:
        raise ValueError(_("This text holds characters that cannot be stored."))
    return text


Name = Annotated[str, Field(max_length=255, examples=["Sofia Lindqvist"])]
Email = Annotated[
    str,
    Field(
        max_length=254,
        examples=["sofia.lindqvist@example.net"],
        json_schema_extra={"format": "email"},
    ),
    AfterValidator(_email),
]
Phone = Annotated[
    str, Field(max_length=50, examples=["+49 171 5550148"]), AfterValidator(_phone)
]
UserId = Annotated[
    str, Field(max_length=255, examples=["customer-1042"]), AfterValidator(_user_id)
]
Searched = Annotated[str, Field(max_length=255), AfterValidator(_without_controls)]


class Input(Schema):
    """A body: a field that nobody reads is a mistake, not a detail."""

    model_config = ConfigDict(extra="forbid")


class ContactInput(Input):
    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None

    def changes(self) -> dict[str, str]:
        """What was sent, for the services: null clears a field, as an empty text does."""
        return {
            field: getattr(self, field) or "" for field in sorted(self.model_fields_set)
        }


class ProfileInput(ContactInput):
    """A customer of the shop. What is left out stays, null clears it."""


class VisitorChange(ContactInput):
    """What is left out stays, null clears it."""

    user_id: UserId | None = None


class VisitorFilter(Schema):
    email: Searched = Field("", description="Only visitors with this e-mail address.")
    user_id: Searched = Field("", description="Only the customer with this id.")
    cursor: str = Field(
        "", max_length=500, description="`next_cursor` of the page before."
    )
    limit: int = Field(50, ge=1, le=MAX_PAGE)


class Sources(Schema):
    """Where each value comes from: what people said weighs more than the API."""

    name: Source | None
    email: Source | None
    phone: Source | None


class VisitorOutput(Schema):
    id: UUID
    user_id: str | None = Field(description="The shop's own id of this customer.")
    verified: bool = Field(
        description="Whether the shop has vouched for who this is: by the API or "
        "by a signature."
    )
    name: str | None
    email: str | None
    phone: str | None
    sources: Sources
    language: Language
    first_seen_at: datetime
    last_seen_at: datetime | None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _EXAMPLE_ID,
                    "user_id": "customer-1042",
                    "verified": True,
                    "name": "Sofia Lindqvist",
                    "email": "sofia.lindqvist@example.net",
                    "phone": None,
                    "sources": {"name": "api", "email": "agent", "phone": None},
                    "language": "en",
                    "first_seen_at": "2026-11-02T08:15:00Z",
                    "last_seen_at": "2026-11-21T17:40:12Z",
                }
            ]
        }
    )

    @classmethod
    def of(cls, visitor: Visitor) -> "VisitorOutput":
        fields = ("name", "email", "phone")
        values = {field: getattr(visitor, field) or None for field in fields}
        sources = {
            field: values[field] and (getattr(visitor, f"{field}_source") or None)
            for field in fields
        }
        return cls(
            id=visitor.public_id,
            user_id=visitor.user_id or None,
            verified=bool(visitor.user_id),
            sources=Sources(**sources),
            language=Language(visitor.language),
            first_seen_at=visitor.created_at,
            last_seen_at=visitor.last_seen_at,
            **values,
        )


class VisitorPage(Schema):
    items: list[VisitorOutput] = Field(description="The newest first.")
    next_cursor: str | None = Field(description="Null on the last page.")


class CustomerInput(Input):
    # Checked by `parse_items`, as what pages say is; described here for programs.
    items: dict[str, Any] = Field(
        description=f"At most {MAX_KEYS} entries and {MAX_BYTES // 1024} kB; null takes a "
        "key away. Card numbers are hidden.",
        examples=[{**_CUSTOMER, "newsletter": True}],
        json_schema_extra=_ITEMS,
    )


class CustomerItem(Schema):
    label: str = Field(description="Empty: the key is shown.")
    value: str | bool | int | float


class CustomerOutput(Schema):
    """What the API has stored; what a page says is kept apart from it."""

    items: dict[str, CustomerItem] = Field(examples=[_CUSTOMER])
    changed_at: datetime | None

    @classmethod
    def of(cls, row: CustomerInformation | None) -> "CustomerOutput":
        items: list[Mapping[str, Any]] = row.items if row else []
        return cls(
            items={
                item["key"]: CustomerItem(label=item["label"], value=item["value"])
                for item in items
            },
            changed_at=row.changed_at if row else None,
        )


class ErrorContent(Schema):
    code: str = Field(description="For programs; it stays the same.")
    message: str = Field(description="For people, in the language they ask for.")
    fields: dict[str, str] = Field(
        {}, description="What is wrong, by field; only where fields are to blame."
    )


class ErrorOutput(Schema):
    error: ErrorContent

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "invalid",
                        "message": "Some values are not valid; nothing was changed.",
                        "fields": {"email": "Please enter a complete e-mail address."},
                    }
                }
            ]
        }
    )
