"""What the API answers when it does not do what was asked: always the same shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja.errors import HttpError, ValidationError

from supportdesk.core.text import redact_line
from visitors.exceptions import VisitorError
from visitors.models import Visitor

# Of a body full of mistakes these many are named.
MAX_FIELDS = 100
# A name that the caller chose is said again only in short.
_FIELD_LENGTH = 100


class ApiError(Exception):
    """An answer that is no: status, a code for programs, a sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields or {}
        self.headers = headers or {}


def answer(error: ApiError) -> HttpResponse:
    content: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.fields:
        content["fields"] = error.fields
    return JsonResponse(
        {"error": content}, status=error.status, headers=dict(error.headers)
    )


def bad_request() -> ApiError:
    return ApiError(400, "bad_request", _("The request could not be understood."))


def unauthorized(*, was_given: bool) -> ApiError:
    challenge = 'Bearer realm="supportdesk"'
    if was_given:
        challenge += ', error="invalid_token"'
    return ApiError(
        401,
        "unauthorized",
        _("This needs a valid API token, sent as “Authorization: Bearer …”."),
        headers={"WWW-Authenticate": challenge},
    )


def suspended() -> ApiError:
    return ApiError(
        403, "account_suspended", _("This account is suspended at the moment.")
    )


def not_found() -> ApiError:
    return ApiError(404, "not_found", _("This was not found."))


def wrong_method(allowed: Sequence[str]) -> ApiError:
    return ApiError(
        405,
        "wrong_method",
        _("This is not possible here."),
        headers={"Allow": ", ".join(sorted(allowed))},
    )


def conflict(fields: Mapping[str, str]) -> ApiError:
    return ApiError(
        409, "conflict", _("This contradicts what is stored."), fields=fields
    )


def too_large() -> ApiError:
    return ApiError(413, "too_large", _("This is too large to be sent."))


def wrong_type() -> ApiError:
    return ApiError(
        415, "unsupported_media_type", _("The body must be sent as application/json.")
    )


def invalid(fields: Mapping[str, str]) -> ApiError:
    return ApiError(
        422,
        "invalid",
        _("Some values are not valid; nothing was changed."),
        fields=fields,
    )


def rate_limited(seconds: int) -> ApiError:
    return ApiError(
        429,
        "rate_limited",
        _("Too many requests. Please wait a moment."),
        headers={"Retry-After": str(seconds)},
    )


def server_error() -> ApiError:
    return ApiError(500, "server_error", _("Something went wrong. Please try again."))


def named(key: str) -> str:
    """A field's name, which in a body is whatever the caller wrote."""
    return redact_line(key[: _FIELD_LENGTH * 4], _FIELD_LENGTH)


def refusal_for(error: Exception) -> ApiError | None:
    """What to answer to an exception; nothing if it is a mistake of ours."""
    match error:
        case ApiError():
            return error
        # The latter was erased while we asked for it.
        case Http404() | Visitor.DoesNotExist():
            return not_found()
        case HttpError():
            # The library wraps what our parser raised.
            cause = error.__cause__
            return cause if isinstance(cause, ApiError) else bad_request()
        case ValidationError():
            return invalid(_fields(error.errors))
        case VisitorError():
            return invalid({"body": str(error)})
        case SuspiciousOperation():
            return bad_request()
        case _:
            return None


def _fields(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong, by field: in our words, without what was sent."""
    fields: dict[str, str] = {}
    for error in errors[:MAX_FIELDS]:
        fields.setdefault(_name(error["loc"]), _sentence(error))
    return fields


def _name(location: Sequence[str | int]) -> str:
    """`("body", "content", "email")` is `email`; the whole body is `body`."""
    source, *rest = location
    names = rest[1:] if source == "body" else rest
    return named(".".join(str(name) for name in names)) or str(source)


def _sentence(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return _("This is required.")
        case "extra_forbidden":
            return _("There is no field of this name.")
        case "value_error":
            return str(context["error"])
        case "string_type":
            return _("This must be a text.")
        case "string_unicode":
            return _("This text holds characters that cannot be stored.")
        case "string_too_long":
            return _("At most %(max)s characters.") % {"max": context["max_length"]}
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return _("This must be a whole number.")
        case "greater_than_equal":
            return _("At least %(min)s.") % {"min": context["ge"]}
        case "less_than_equal":
            return _("At most %(max)s.") % {"max": context["le"]}
        case "dict_type" | "model_type" | "model_attributes_type":
            return _("This must be an object.")
        case _:
            return _("This is not valid.")
