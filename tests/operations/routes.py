"""Every address of the desk, filled with something that exists where that is easy."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, converters, get_resolver, reverse

_WORDS = {"table": "hours", "kind": "offline", "app_label": "accounts", "slug": "mill"}


def addresses(public_id: uuid.UUID) -> dict[str, str]:
    """Address by route name; `public_id` wherever a UUID is asked for."""
    found = {}
    for name, entry in _walk(get_resolver()):
        arguments = {
            argument: _value(argument, converter, public_id)
            for argument, converter in entry.pattern.converters.items()
        } or {
            argument: _WORDS.get(argument, "x") for argument in _groups(entry.pattern)
        }
        found[name] = reverse(name, kwargs=arguments)
    return found


def _walk(
    resolver: URLResolver, namespace: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, inner)
        elif entry.name:
            yield f"{namespace}{entry.name}", entry


def _groups(pattern: Any) -> list[str]:
    return list(pattern.regex.groupindex)


def _value(argument: str, converter: Any, public_id: uuid.UUID) -> Any:
    if isinstance(converter, converters.UUIDConverter):
        return public_id
    if isinstance(converter, converters.IntConverter):
        return 1
    return _WORDS.get(argument, "1")
