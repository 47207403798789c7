from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .health import readiness


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
@never_cache
async def readyz(request: HttpRequest) -> JsonResponse:
    parts = await readiness.ask()
    ready = all(parts.values())
    response = JsonResponse(
        {
            "status": "ready" if ready else "not ready",
            "parts": {name: "ok" if up else "down" for name, up in parts.items()},
        },
        status=200 if ready else 503,
    )
    # Not an error of this request: Django would log one for each time it is asked.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
