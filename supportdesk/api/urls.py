"""Where the API is, and what holds for every request to it."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from supportdesk.api import errors
from supportdesk.api.authentication import limit_description
from supportdesk.api.bodies import read_body
from supportdesk.api.openapi import api, description

app_name = "api"

View = Callable[..., HttpResponseBase]
_BY_USER_ID = "visitors/by-user-id/"


def _endpoint(view: View) -> View:
    """Without cookies, so without CSRF tokens; errors are JSON whoever raises them."""

    @csrf_exempt
    @login_not_required
    @functools.wraps(view)
    def endpoint(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            read_body(request)
            response = view(request, **kwargs)
        except errors.ApiError as error:
            response = errors.answer(error)
        if response.status_code == 405:
            allowed = response.headers["Allow"].split(", ")
            response = errors.answer(errors.wrong_method(allowed))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return endpoint


@_endpoint
def openapi(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        raise errors.wrong_method(["GET", "HEAD"])
    limit_description(request)
    return HttpResponse(
        description(),
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=300"},
    )


@_endpoint
def unknown(request: HttpRequest) -> HttpResponse:
    raise errors.not_found()


@_endpoint
def by_user_id(request: HttpRequest, rest: str) -> HttpResponseBase:
    user_id, part = _split(request, rest)
    if not user_id:
        raise errors.not_found()
    return _views[f"customer{part}"](request, user_id=user_id)


def _split(request: HttpRequest, rest: str) -> tuple[str, str]:
    """The shop's id, which may hold slashes, and what of that customer is meant.

    Django's path is decoded: only the one that was sent tells `a%2Fcustomer`, a
    customer, from `a/customer`, the information about one.
    """
    raw = getattr(request, "scope", {}).get("raw_path") or b""
    _before, found, sent = raw.decode("latin-1").partition(f"/{_BY_USER_ID}")
    decode = unquote if found else str
    user_id, slash, last = (sent if found else rest).rpartition("/")
    if slash and last == "customer":
        return decode(user_id), "_customer"
    return decode(sent if found else rest), ""


# The library's own patterns would know the decoded path only.
_views: dict[str, View] = {
    pattern.name: pattern.callback
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and pattern.name
}


def _path(route: str, name: str) -> URLPattern:
    return path(route, _endpoint(_views[name]), name=name)


urlpatterns = [
    path("v1/openapi.json", openapi, name="openapi"),
    _path("v1/visitors", "visitors"),
    _path("v1/visitors/<uuid:visitor_id>", "visitor"),
    _path("v1/visitors/<uuid:visitor_id>/customer", "visitor_customer"),
    _path("v1/visitors/<uuid:visitor_id>/export", "visitor_export"),
    # With line breaks too: what is wrong with the path is said in JSON.
    re_path(rf"^v1/{_BY_USER_ID}(?P<rest>[\s\S]+)\Z", by_user_id, name="by_user_id"),
    re_path(r"^[\s\S]*\Z", unknown, name="unknown"),
]
