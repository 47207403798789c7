"""Which views an agent's role opens; for the others they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase

from supportdesk.accounts.models import User

View = Callable[..., HttpResponseBase]


def full_access_required(view: View) -> View:
    """404 for everyone who is not the owner or an agent with full access."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (isinstance(request.user, User) and request.user.has_full_access):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def owner_required(view: View) -> View:
    """404 for everyone who is not the owner of their account."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (isinstance(request.user, User) and request.user.is_owner):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def account_required(view: View) -> View:
    """404 for the platform operator, who belongs to no account."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) or request.user.account_id is None:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def second_factor_not_required(view: View) -> View:
    """For the pages on which one is set up; all others wait for it."""
    view.second_factor_required = False  # type: ignore[attr-defined]
    return view


def agent_of(request: HttpRequest) -> User:
    """The agent behind a request that one of the guards above let through."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
