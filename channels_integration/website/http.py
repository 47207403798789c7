"""What all widget endpoints share: who may ask from where, how, and how often."""

import functools
import json
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import (
    BadRequest,
    ObjectDoesNotExist,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from channels_integration.website import limits, origins, services
from channels_integration.website.browsers import Browser
from channels_integration.website.config import WebsiteConfig
from channels_integration.website.models import VisitorSession
from conversations.models import Channel
from supportdesk.core import client_ip

MAX_BODY = 64 * 1024
PREFLIGHT_AGE = 7200

P = ParamSpec("P")


class Refusal(Exception):
    """An answer that is no: status, a code for the program, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"error": {"code": code, "message": message}, **extra}


def too_often() -> Refusal:
    return Refusal(429, "rate_limited", _("Too many requests. Please wait a moment."))


def bad_request() -> Refusal:
    return Refusal(400, "bad_request", _("The request could not be understood."))


def with_key(
    method: str, purpose: str
) -> Callable[
    [Callable[[HttpRequest, Channel], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """An endpoint that names its website by the public key."""

    def authenticate(request: HttpRequest) -> tuple[Channel, Channel]:
        _limit(purpose, request)
        key = (
            request.GET.get("key") if method == "GET" else read_json(request).get("key")
        )
        channel = services.find_channel(key)
        if channel is None:
            raise Refusal(404, "unknown_key", _("There is no website with this key."))
        return channel, channel

    return _endpoint(method, authenticate)


def with_token(
    method: str, purpose: str
) -> Callable[
    [Callable[Concatenate[HttpRequest, VisitorSession, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """An endpoint for the holder of a visitor token."""

    def authenticate(request: HttpRequest) -> tuple[VisitorSession, Channel]:
        _limit(purpose, request)
        try:
            session = services.find_session(_bearer(request))
        except services.SessionGone:
            raise session_gone() from None
        _limit(
            purpose,
            None,
            session_id=session.pk,
            account_id=session.channel.account_id,
        )
        translation.activate(session.visitor.language)
        return session, session.channel

    return _endpoint(method, authenticate)


def with_beacon(
    purpose: str,
) -> Callable[
    [Callable[[HttpRequest, Browser], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """An endpoint for what a browser tells of itself, often and in passing.

    The token comes in the body, as plain text: that costs no preflight. Without
    pages, which are stored, the browser is what it was up to a minute ago.
    """

    def authenticate(request: HttpRequest) -> tuple[Browser, Channel]:
        _limit(purpose, request)
        content = read_json(request)
        try:
            browser = services.find_browser(
                content.get("token"), fresh="pages" in content
            )
        except services.SessionGone:
            raise session_gone() from None
        _limit(
            purpose,
            None,
            session_id=browser.session_id,
            account_id=browser.account_id,
        )
        return browser, browser.channel

    return _endpoint("POST", authenticate)


def _bearer(request: HttpRequest) -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" else ""


def blocked() -> Refusal:
    return Refusal(403, "blocked", _("This chat is not available to you."))


def switched_off() -> Refusal:
    """Under the same code, at which the widget hides and keeps what it has."""
    return Refusal(403, "blocked", _("This chat is switched off at the moment."))


def session_gone() -> Refusal:
    return Refusal(401, "session_gone", _("This chat is not valid any more."))


def _endpoint(  # type: ignore[no-untyped-def]
    method: str, authenticate: Callable[[HttpRequest], tuple[Any, Channel]]
):
    def decorate(view):  # type: ignore[no-untyped-def]
        @csrf_exempt
        @login_not_required
        @functools.wraps(view)
        def endpoint(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if request.method == "OPTIONS":
                return _preflight(request, method)
            # Ends the language that `authenticate` sets.
            with translation.override(translation.get_language()):
                return answer(request, *args, **kwargs)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            allowed = False
            who = None
            response: HttpResponseBase
            try:
                if request.method not in {
                    method,
                    "HEAD" if method == "GET" else method,
                }:
                    raise Refusal(405, "wrong_method", _("This is not possible here."))
                who, channel = authenticate(request)
                _check_origin(request, channel)
                allowed = True
                _check_blocked(request, channel, who)
                response = view(request, who, *args, **kwargs)
            except Refusal as refusal:
                response = JsonResponse(refusal.body, status=refusal.status)
                # A page must be able to tell "wait" and "start anew" from a dead
                # line; these say nothing about the website.
                allowed = allowed or refusal.status in {401, 429}
            except ObjectDoesNotExist:
                if not _was_erased(who):
                    raise
                response = JsonResponse(session_gone().body, status=401)
            except (
                BadRequest,
                MultiPartParserError,
                RequestDataTooBig,
                SuspiciousOperation,
            ):
                response = JsonResponse(bad_request().body, status=400)
            if response.status_code == 405:
                response["Allow"] = f"{method}, OPTIONS"
            return _finish(request, response, allowed)

        return endpoint

    return decorate


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The body as an object; its size is checked before it is parsed."""
    cached = getattr(request, "_widget_body", None)
    if cached is not None:
        return dict(cached)
    if _content_length(request) > MAX_BODY:
        raise too_large()
    raw = request.read(MAX_BODY + 1)
    if len(raw) > MAX_BODY:
        raise too_large()
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise bad_request() from None
    if not isinstance(content, dict):
        raise bad_request()
    request._widget_body = content  # type: ignore[attr-defined]
    return content


def check_upload_size(request: HttpRequest, limit: int) -> None:
    """Refuse a form by its announced size, before it is parsed."""
    if _content_length(request) > limit:
        raise too_large()


def too_large() -> Refusal:
    return Refusal(413, "too_large", _("This is too large to be sent."))


def refuse_too_large(request: HttpRequest) -> HttpResponseBase:
    """The answer to what no view was shown; the widget may read it anywhere."""
    refusal = too_large()
    response = JsonResponse(refusal.body, status=refusal.status)
    return _finish(request, response, allowed=True)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """The answer to what nobody foresaw; what it was is in the log only."""
    refusal = Refusal(500, "server_error", _("Something went wrong. Please try again."))
    response = JsonResponse(refusal.body, status=refusal.status)
    return _finish(request, response, allowed=True)


def address_of(request: HttpRequest) -> str:
    return client_ip.of_request(request)


def _content_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise bad_request() from None


def _limit(
    purpose: str,
    request: HttpRequest | None,
    session_id: int | None = None,
    account_id: int | None = None,
) -> None:
    address = address_of(request) if request else ""
    if not limits.within(
        purpose, address=address, session_id=session_id, account_id=account_id
    ):
        raise too_often()


def _check_origin(request: HttpRequest, channel: Channel) -> None:
    origin = request.headers.get("Origin")
    if origin is None and request.method in {"GET", "HEAD"}:
        # Browsers leave it out on same-origin reads only.
        return
    config = WebsiteConfig.parse(channel.config)
    if not origins.is_allowed(origin or "", config, request.get_host()):
        raise Refusal(
            403,
            "foreign_origin",
            _("This website is not among the allowed domains of the chat."),
        )


def _check_blocked(
    request: HttpRequest, channel: Channel, who: VisitorSession | Browser | Channel
) -> None:
    """After the Origin: the page must be able to read why the chat is not there."""
    session = None if isinstance(who, Channel) else who
    try:
        if session is None:
            services.check_in_service(channel)
        services.check_not_blocked(channel.account_id, session, address_of(request))
    except services.SwitchedOff:
        raise switched_off() from None
    except services.Blocked:
        raise blocked() from None


def _was_erased(who: VisitorSession | Browser | Channel | None) -> bool:
    """Whether the visitor was erased while the request was under way."""
    if who is None or isinstance(who, Channel):
        return False
    session_id = who.session_id if isinstance(who, Browser) else who.pk
    return not VisitorSession.objects.filter(pk=session_id).exists()


def _preflight(request: HttpRequest, method: str) -> HttpResponse:
    """Let the browser ask: it does not say yet for whom, the request itself decides."""
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = method
    response["Access-Control-Allow-Headers"] = "authorization, content-type"
    response["Access-Control-Max-Age"] = str(PREFLIGHT_AGE)
    is_web = origins.is_web_origin(request.headers.get("Origin", ""))
    return _finish(request, response, is_web)  # type: ignore[return-value]


def _finish(
    request: HttpRequest, response: HttpResponseBase, allowed: bool
) -> HttpResponseBase:
    origin = request.headers.get("Origin", "")
    if allowed and origins.is_web_origin(origin):
        response["Access-Control-Allow-Origin"] = origin
    response.setdefault("Cache-Control", "no-store")
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ("Origin",))
    return response
