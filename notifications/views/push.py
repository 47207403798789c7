"""What a browser says about the notifications it wants to show."""

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from notifications import services, tasks
from notifications.exceptions import SubscriptionRefused
from supportdesk.accounts.access import account_required, agent_of
from supportdesk.accounts.presence import device_of
from supportdesk.core import ratelimit

SUBSCRIBE_RATE = "60/hour"
TEST_RATE = "10/hour"


@require_safe
@account_required
@never_cache
def push_key(request: HttpRequest) -> JsonResponse:
    """The key to subscribe with; a service worker cannot read the form token itself."""
    keys = services.vapid_keys()
    return JsonResponse({"key": keys.public_key, "token": get_token(request)})


@require_POST
@account_required
@never_cache
def push_subscribe(request: HttpRequest) -> JsonResponse:
    agent = agent_of(request)
    if not ratelimit.allow(SUBSCRIBE_RATE, "push-subscribe", agent.pk):
        return _refusal(429, _("Too often. Please try again later."))
    try:
        services.subscribe_browser(
            agent=agent,
            device=device_of(request.session.session_key),
            endpoint=request.POST.get("endpoint", ""),
            p256dh=request.POST.get("p256dh", ""),
            auth=request.POST.get("auth", ""),
        )
    except SubscriptionRefused:
        return _refusal(422, _("This browser cannot be notified."))
    return JsonResponse({"subscribed": True})


@require_POST
@account_required
@never_cache
def push_unsubscribe(request: HttpRequest) -> JsonResponse:
    removed = services.unsubscribe_browser(
        agent=agent_of(request), endpoint=request.POST.get("endpoint", "")
    )
    return JsonResponse({"unsubscribed": removed})


@require_POST
@account_required
@never_cache
def push_test(request: HttpRequest) -> JsonResponse:
    agent = agent_of(request)
    if not agent.push_subscriptions.exists():
        return _refusal(409, _("No browser of yours is subscribed."))
    if not ratelimit.allow(TEST_RATE, "push-test", agent.pk):
        return _refusal(429, _("Too often. Please try again later."))
    notification = services.record_push_test(agent=agent)
    tasks.send_notification.delay_on_commit(notification.pk)
    return JsonResponse({"sending": True}, status=202)


def _refusal(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": {"message": message}}, status=status)
