"""What the account shows on the visitor card, and in which order."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations.forms.visitors import CardSettingsForm
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.models import Account
from supportdesk.accounts.services import update_account
from visitors.seen_keys import seen_keys


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def visitor_card(request: HttpRequest) -> HttpResponse:
    account = agent_of(request).account
    if account is None:
        raise TypeError("full access without an account")
    labels = _labels(account)
    if request.method != "POST":
        return _page(request, CardSettingsForm(account=account, labels=labels))
    form = CardSettingsForm(request.POST, account=account, labels=labels)
    if form.moves():
        # What was chosen moves with it; nothing is stored before "Save".
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    update_account(account=account, fields=form.fields_to_store())
    messages.success(request, _("The visitor card's settings are saved."))
    return redirect("settings:visitor_card")


def _labels(account: Account) -> dict[str, str]:
    """The chosen keys in their order, then whatever else was met."""
    met = seen_keys(account)
    chosen = {key: met.get(key, key) for key in account.customer_keys}
    return chosen | met


def _page(
    request: HttpRequest, form: CardSettingsForm, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "keys": form.rows()}
    context |= {"page_section": "settings", "settings_here": "visitor-card"}
    return render(request, "settings/visitor_card.html", context, status=status)
