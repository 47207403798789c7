"""What comes in: its size before all else, then its type, then its content."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.parser import Parser
from ninja.types import DictStrAny

from supportdesk.api.errors import (
    MAX_FIELDS,
    bad_request,
    invalid,
    named,
    too_large,
    wrong_type,
)

MAX_BODY = 64 * 1024


def read_body(request: HttpRequest) -> None:
    """Take the body in, unless it is too large; a request need not announce it."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise bad_request() from None
    if announced < 0:
        raise bad_request()
    if announced > MAX_BODY:
        raise too_large()
    content = request.read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        raise too_large()
    # As `request.body` keeps it, which would have read without an end.
    request._body = content


class StrictParser(Parser):
    """JSON as it is written down, without NaN and names that come twice."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        if request.content_type != "application/json":
            raise wrong_type()
        try:
            # Decoded here: from bytes the module takes halves of characters, too.
            content = json.loads(
                request.body.decode(), parse_constant=_refuse, object_pairs_hook=_once
            )
        except (ValueError, RecursionError):
            raise bad_request() from None
        return content

    def parse_querydict(
        self, data: MultiValueDict, list_fields: list[str], request: HttpRequest
    ) -> DictStrAny:
        return {name: data[name] for name in data}


def check_names(request: HttpRequest, known: Iterable[str]) -> None:
    """Refuse parameters that nobody reads: a misspelt filter would find everybody."""
    unknown = sorted(set(request.GET) - set(known))[:MAX_FIELDS]
    if unknown:
        sentence = _("There is no parameter of this name.")
        raise invalid({named(name) or "query": sentence for name in unknown})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name twice")
    return content
