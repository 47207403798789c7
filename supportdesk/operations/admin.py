"""How the installation is, for the platform operator: what `/readyz` knows, in words."""

import time
from typing import Any

import redis.exceptions
from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from supportdesk.accounts.admin import site
from supportdesk.accounts.admin.site import is_operator
from supportdesk.core.redis import client, key
from supportdesk.operations.health import HEARTBEAT_FRESH, readiness

_LABELS = {
    "database": gettext_lazy("Database"),
    "layer": gettext_lazy("Live updates"),
    "cache": gettext_lazy("Cache"),
    "broker": gettext_lazy("Broker of the queues"),
    "worker": gettext_lazy("Workers"),
}


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    if not is_operator(request.user):
        raise Http404
    answers = async_to_sync(readiness.ask)()
    context = {
        **site.each_context(request),
        "title": _("Health"),
        "operator_here": "health",
        "parts": [
            {"label": _LABELS.get(name, name), "is_up": is_up}
            for name, is_up in answers.items()
        ],
        "queues": [_queue(queue.name) for queue in settings.CELERY_TASK_QUEUES],
    }
    return render(request, "admin/operations/health.html", context)


def _queue(name: str) -> dict[str, Any]:
    """When its worker gave a sign, and how many jobs wait; None for what is unknown.

    The worker of long jobs gives none (`is_silent`).
    """
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        beat = client().get(key("heartbeat", name))
        waiting: Any = client().llen(f"{prefix}{name}")
    except redis.exceptions.RedisError:
        return {"name": name, "seconds": None, "waiting": None, "is_fresh": False}
    seconds = max(0, int(time.time() - float(str(beat)))) if beat else None
    is_fresh = seconds is not None and seconds <= HEARTBEAT_FRESH
    return {
        "name": name,
        "seconds": seconds,
        "waiting": waiting,
        "is_fresh": is_fresh,
        "is_silent": name not in settings.HEARTBEAT_QUEUES,
    }


health_view = site.admin_view(health)
