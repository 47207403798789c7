"""Values from outside, taken only if they are of the type that was asked for."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest

MAX_INTEGER = 2**31 - 1


class Input:
    """A mapping that somebody sent; raises BadRequest for a value of a wrong type."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def __contains__(self, name: str) -> bool:
        return name in self.content

    def get(self, name: str) -> Any:
        return self.content.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self.content.get(name, default)
        if not isinstance(value, str):
            raise BadRequest
        return value

    def uuid(self, name: str) -> uuid.UUID:
        value = self.text(name)
        # The constructor also takes braces, URNs and capital letters.
        try:
            parsed = uuid.UUID(value)
        except ValueError:
            raise BadRequest from None
        if str(parsed) != value:
            raise BadRequest
        return parsed

    def number(self, name: str) -> int:
        value = self.content.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadRequest
        if not 0 <= value <= MAX_INTEGER:
            raise BadRequest
        return value

    def flag(self, name: str) -> bool:
        value = self.content.get(name)
        if not isinstance(value, bool):
            raise BadRequest
        return value
