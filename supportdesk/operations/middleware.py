from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from supportdesk.operations.limits import seconds_over
from supportdesk.operations.views import healthz, readyz

HEALTH, READY = "/healthz", "/readyz"

# What an answer says unless its view knows better.
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What browsers know by these names and nothing here asks for.
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "browsing-topics", "camera", "display-capture"),
            *("geolocation", "gyroscope", "hid", "magnetometer", "microphone"),
            *("midi", "payment", "serial", "usb", "xr-spatial-tracking"),
        )
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# For what never reached the policy of pages: probes, redirects to https.
_BARE_POLICY = "default-src 'none'; frame-ancestors 'none'"


@sync_and_async_middleware
def headers(
    get_response: Callable[
        [HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]
    ],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Outermost, so that answers which no view gave say it too."""
    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            return _with_headers(request, await get_response(request))

        return answer

    def answer_sync(request: HttpRequest) -> HttpResponseBase:
        return _with_headers(request, get_response(request))  # type: ignore[arg-type]

    return answer_sync


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # Pictures of ours bring style of their own, which a policy would take from them.
    if not request.path_info.startswith(settings.STATIC_URL):
        response.headers.setdefault("Content-Security-Policy", _BARE_POLICY)
    return response


@sync_and_async_middleware
def probes(
    get_response: Callable[
        [HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]
    ],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Answer probes before all else: balancers ask by address, not by allowed host."""
    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            if request.path_info == HEALTH:
                return healthz(request)
            if request.path_info == READY:
                return await readyz(request)
            return await get_response(request)

        return answer

    def answer_sync(
        request: HttpRequest,
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info == HEALTH:
            return healthz(request)
        if request.path_info == READY:
            return async_to_sync(readyz)(request)
        return get_response(request)

    return answer_sync


class LimitMiddleware:
    """Says "later" to who asks too often; see `limits.py`."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 429:
            # Others that refuse, allauth's pages among them, do not say for how long.
            response.headers.setdefault("Retry-After", "60")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        found = request.resolver_match
        seconds = seconds_over(request, found.view_name) if found else 0
        return _too_often(request, seconds) if seconds else None


def _too_often(request: HttpRequest, seconds: int) -> HttpResponse:
    if request.headers.get("HX-Request"):
        text = _("Too much at once. Please wait a moment, then try again.")
        context = {"text": text, "level": "error"}
        response = render(request, "components/_toast.html", context, status=429)
        reswap(retarget(response, "#toasts"), "beforeend")
    else:
        response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
