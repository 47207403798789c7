"""Settings, Security: what the owner asks of everybody who signs in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from supportdesk.accounts import services
from supportdesk.accounts.access import agent_of, owner_required
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.forms import AccountSecurityForm
from supportdesk.accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@owner_required
def account_security(request: HttpRequest) -> HttpResponse:
    owner = agent_of(request)
    if owner.account is None:
        raise TypeError("an owner without an account")
    stored = {"two_factor_required": owner.account.two_factor_required}
    if request.method != "POST":
        return _page(request, AccountSecurityForm(initial=stored))
    form = AccountSecurityForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        services.require_two_factor(
            account=owner.account,
            by=owner,
            required=form.cleaned_data["two_factor_required"],
        )
    except AccountError as error:
        form.add_error("two_factor_required", str(error))
        return _page(request, form, status=409)
    messages.success(request, _("The security settings are saved."))
    return redirect("accounts:account_security")


def _page(
    request: HttpRequest, form: AccountSecurityForm, status: int = 200
) -> HttpResponse:
    agents = User.objects.visible_to(agent_of(request)).active()
    context = {
        "form": form,
        "agents": agents.with_second_factor().by_name(),
        "page_section": "settings",
        "settings_here": "security",
    }
    return render(request, "accounts/account_security.html", context, status=status)
