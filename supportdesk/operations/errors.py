"""Answers where no view could give one: programs get what they can read."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views import defaults

from channels_integration.website import http as website
from supportdesk.api import errors as api


def server_error(request: HttpRequest) -> HttpResponseBase:
    """After a mistake of ours: a page for people, for the widget what it can read."""
    if _is_for_api(request):
        return api.answer(api.server_error())
    found = request.resolver_match
    if found is not None and found.namespace == "website":
        return website.server_error(request)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Such as for a host that is not ours."""
    if _is_for_api(request):
        return api.answer(api.bad_request())
    return defaults.bad_request(request, exception)


def too_large(request: HttpRequest) -> HttpResponseBase:
    """Where the body was not even read."""
    if _is_for_api(request):
        return api.answer(api.too_large())
    if request.path_info.startswith("/widget/"):
        return website.refuse_too_large(request)
    language = translation.get_language_from_request(request)
    with translation.override(language):
        return render(request, "400.html", status=413)


def _is_for_api(request: HttpRequest) -> bool:
    # It may have failed before anybody looked which view is meant.
    return request.path_info.startswith("/api/")
