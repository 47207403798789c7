"""Settings, general: the account itself."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from supportdesk.accounts import services
from supportdesk.accounts.access import agent_of, owner_required
from supportdesk.accounts.general_form import GeneralForm
from supportdesk.accounts.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def general(request: HttpRequest) -> HttpResponse:
    # Not the agent's own: what the form writes into it would stand in the page's head.
    account = Account.objects.get(agents=agent_of(request))
    if request.method != "POST":
        return _page(request, GeneralForm(instance=account))
    form = GeneralForm(request.POST, instance=account)
    if not form.is_valid():
        return _page(request, form, status=422)
    services.update_account(account=account, fields=form.cleaned_data)
    messages.success(request, _("The general settings are saved."))
    return redirect("accounts:general")


def _page(request: HttpRequest, form: GeneralForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "page_section": "settings", "settings_here": "general"}
    return render(request, "accounts/general.html", context, status=status)
