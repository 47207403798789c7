from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page is older than the session: a fresh one has a token that fits."""
    if request.headers.get("HX-Request"):
        return HttpResponseClientRefresh()
    return render(request, "403_csrf.html", status=403)
