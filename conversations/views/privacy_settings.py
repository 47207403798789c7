"""Settings, privacy: what is kept, and for how long."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations.forms.privacy import PrivacyForm
from conversations.redaction_log import hidden_cards
from supportdesk.accounts import keeping, services
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def privacy(request: HttpRequest) -> HttpResponse:
    """What a shorter time would delete is said first, and counts for these values."""
    account = agent_of(request).account
    if account is None:
        raise TypeError("full access without an account")
    # Fresh: the form is compared with what is stored.
    account = Account.objects.get(pk=account.pk)
    if request.method != "POST":
        return _page(request, PrivacyForm(account=account), account)
    form = PrivacyForm(request.POST, account=account)
    if not form.is_valid():
        return _page(request, form, account, status=422)
    going = keeping.would_go(account, form.days(), timezone.now())
    if going and not form.is_confirmed():
        # Bound, so its data must say it: the next try carries the answer.
        form.data = {**request.POST.dict(), "confirmed": form.fingerprint()}
        return _page(request, form, account, status=409, going=going)
    services.set_privacy(account=account, fields=form.fields_to_store())
    messages.success(request, _("The privacy settings are saved."))
    return redirect("settings:privacy")


def _page(
    request: HttpRequest,
    form: PrivacyForm,
    account: Account,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context |= {
        "form": form,
        "counted": keeping.COUNTED,
        "hidden_cards": hidden_cards(account, timezone.now()),
        "page_section": "settings",
        "settings_here": "privacy",
    }
    return render(request, "settings/privacy.html", context, status=status)
