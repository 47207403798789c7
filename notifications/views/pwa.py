"""What makes the desk an app: its manifest, its service worker, its offline page.

All three are the same for everybody and hold nothing of an account; a browser asks for
them without the session.
"""

import json
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

# `--n-1` of tokens.css, where a browser paints before any style sheet is there.
FRAME = "#f6f7f8"
_OFFLINE_ASSETS = (
    "css/tokens.css",
    "css/base.css",
    "css/components.css",
    "css/layout.css",
    "css/forms.css",
    "fonts/inter-latin-wght-normal.woff2",
    "favicon.svg",
    "icons.svg",
    "js/offline.js",
)


@login_not_required
@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> JsonResponse:
    content = {
        "id": "/",
        "name": "Supportdesk",
        "short_name": "Desk",
        "description": _("Customer service desk"),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": FRAME,
        "background_color": FRAME,
        "icons": [
            _icon("icon-192", 192),
            _icon("icon-512", 512),
            _icon("icon-maskable-512", 512, "maskable"),
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@login_not_required
@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, since a worker rules only over what is below it.

    A release renames its files; a worker that is different by a byte is installed anew.
    """
    path = Path(str(finders.find("supportdesk/js/sw.js")))
    desk = {
        "offline": reverse("notifications:offline"),
        "assets": [static(f"supportdesk/{name}") for name in _OFFLINE_ASSETS],
        "icon": static("supportdesk/icons/icon-192.png"),
        "badge": static("supportdesk/icons/badge-96.png"),
        "key": reverse("notifications:push_key"),
        "subscribe": reverse("notifications:push_subscribe"),
    }
    response = HttpResponse(
        f"const DESK = {json.dumps(desk)};\n{path.read_text()}",
        content_type="text/javascript; charset=utf-8",
    )
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@login_not_required
@require_safe
@cache_control(no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "notifications/offline.html")


def _icon(name: str, size: int, purpose: str = "any") -> dict[str, str]:
    return {
        "src": static(f"supportdesk/icons/{name}.png"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
