from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.services.unsubscribing import resume_mails, stop_mails
from notifications.unsubscribing import recipient_of, subscription_of


# Mail programs post without cookies and tokens of ours; what they show is the link.
@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Asks first: scanners of mails follow every link, but post nothing."""
    subscription = subscription_of(token)
    recipient = recipient_of(subscription) if subscription else None
    if subscription is None or recipient is None:
        return render(
            request, "notifications/unsubscribe.html", {"state": "unknown"}, status=404
        )
    state = "asks"
    if request.method == "POST":
        again = subscription.agent_id is not None and "again" in request.POST
        change = resume_mails if again else stop_mails
        change(subscription=subscription)
        state = "again" if again else "ended"
    address, account = recipient
    return render(
        request,
        "notifications/unsubscribe.html",
        {
            "state": state,
            "kind": subscription.label,
            "address": address,
            "account": account,
            "for_agent": subscription.agent_id is not None,
        },
    )
