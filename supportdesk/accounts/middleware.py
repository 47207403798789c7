from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from supportdesk.accounts import activity, audit
from supportdesk.accounts.models import User


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Login for every view that does not say otherwise.

    An HTMX request whose session is gone gets the whole page sent to the login,
    not a login form inside a fragment. The same goes for who has yet to set up the
    second factor that the account asks for: until then nothing else is there.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> Any:
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if (
            refusal is not None
            or not getattr(view_func, "login_required", True)
            or not getattr(view_func, "second_factor_required", True)
            or not isinstance(request.user, User)
            or not request.user.lacks_second_factor
        ):
            return refusal
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(resolve_url("accounts:second_factor"))
        return redirect("accounts:second_factor")

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> Any:
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(
                resolve_url(self.get_login_url(view_func))
            )
        return super().handle_no_permission(request, view_func)


class AuditMiddleware:
    """What the request changes is recorded as done by its agent, or its token."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.acting_in(request):
            return self.get_response(request)


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


class AgentSessionMiddleware:
    """Notes where agents are signed in; see `activity`."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            activity.note(request, request.user)
        return self.get_response(request)
