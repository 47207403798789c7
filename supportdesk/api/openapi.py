"""The API as one object, and its description as programs read it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.utils.log import log_response
from ninja import NinjaAPI

from supportdesk.api import customers, errors, visitors
from supportdesk.api.authentication import REQUEST_RATE, BearerToken
from supportdesk.api.bodies import MAX_BODY, StrictParser

ROOT = "/api/v1/"
FILE = Path(settings.BASE_DIR) / "docs" / "openapi.json"
_DESCRIPTION = f"""Visitors of your websites and what your shop knows about them.

Every request carries a token of your account (Settings → API) as `Authorization:
Bearer sd_…`. A token is for servers, never for a web page. It sees this account only:
what belongs to another one does not exist.

Bodies are JSON of at most {MAX_BODY // 1024} kB. Errors are JSON with a code for
programs and a sentence for people. A token has {REQUEST_RATE.partition("/")[0]} requests a
minute. Payment card numbers are never stored: they are hidden in texts and refused in
fields that would be useless without them."""
# In our words: Python's own for these numbers differ between its versions.
_ANSWERS = {
    "200": "As it is stored now.",
    "201": "The profile is new.",
    "204": "Done; there is nothing to say.",
    "400": "The body is not JSON.",
    "401": "There is no valid token.",
    "403": "The account is suspended.",
    "404": "There is no such visitor in this account.",
    "409": "Another visitor has this value.",
    "413": f"The body is larger than {MAX_BODY // 1024} kB.",
    "415": "The body is not sent as application/json.",
    "422": "Nothing was stored; `fields` says what is wrong with which.",
    "429": "Too many requests.",
    "500": "A mistake of the desk.",
}
_HEADERS = {
    "401": ("WWW-Authenticate", "The scheme: Bearer."),
    "429": ("Retry-After", "Seconds to wait."),
}


class Api(NinjaAPI):
    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Our answer to what went wrong.

        A mistake of ours is reported as Django does it; Django and the library
        themselves would, in development, answer with the traceback.
        """
        refusal = errors.refusal_for(exc)
        if refusal is not None:
            return errors.answer(refusal)
        got_request_exception.send(sender=None, request=request)
        response = errors.answer(errors.server_error())
        log_response(
            "Internal Server Error: %s",
            request.path,
            response=response,
            request=request,
            exception=exc,
        )
        return response


api = Api(
    title="Supportdesk API",
    version="1",
    description=_DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    auth=BearerToken(),
    parser=StrictParser(),
    servers=[{"url": "/", "description": "The address of your desk"}],
)
api.add_router("", visitors.router)
api.add_router("", customers.router)


@cache
def description() -> str:
    """The OpenAPI document, as it is served and as it lies in `docs/`."""
    document: dict[str, Any] = json.loads(
        json.dumps(api.get_openapi_schema(path_prefix=ROOT))
    )
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = _answers(operation["responses"])
            for parameter in operation["parameters"]:
                # The schema has them; here they would have to be objects.
                parameter.pop("examples", None)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _answers(responses: dict[str, Any]) -> dict[str, Any]:
    for status, response in responses.items():
        response["description"] = _ANSWERS[status]
        if status in _HEADERS:
            name, text = _HEADERS[status]
            response["headers"] = {
                name: {"description": text, "schema": {"type": "string"}}
            }
    return dict(sorted(responses.items()))
