from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from supportdesk.accounts.models import User


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Login for every view that does not say otherwise.

    An HTMX request whose session is gone gets the whole page sent to the login,
    not a login form inside a fragment.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> Any:
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(
                resolve_url(self.get_login_url(view_func))
            )
        return super().handle_no_permission(request, view_func)


class AgentLocaleMiddleware:
    """Language of the agent and clock of their account; before sign-in the browser's
    language, or the chosen cookie's."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User):
            language = user.language
        else:
            language = translation.get_language_from_request(request)
        account = user.account if isinstance(user, User) else None
        clock = timezone.override(account.tz) if account else nullcontext()
        with translation.override(language), clock:
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if not isinstance(user, User):
            patch_vary_headers(response, ("Accept-Language",))
        return response
