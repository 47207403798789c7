from django.http import HttpRequest, HttpResponseBase
from django.views import defaults

from channels_integration.website import http as website


def server_error(request: HttpRequest) -> HttpResponseBase:
    """After a mistake of ours: a page for people, for the widget what it can read."""
    found = request.resolver_match
    if found is not None and found.namespace == "website":
        return website.server_error(request)
    return defaults.server_error(request)
