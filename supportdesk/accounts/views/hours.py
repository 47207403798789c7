"""Settings, business hours: when the account answers new visitors."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from supportdesk.accounts import hours, services
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.hours_form import BusinessHoursForm


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def business_hours(request: HttpRequest) -> HttpResponse:
    account = agent_of(request).account
    if account is None:
        raise TypeError("full access without an account")
    if request.method != "POST":
        return _page(request, BusinessHoursForm(account=account))
    form = BusinessHoursForm(request.POST, account=account)
    if form.rearranges():
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        services.set_business_hours(account=account, **form.cleaned_data)
    except AccountError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=422)
    messages.success(request, _("The business hours are saved."))
    return redirect("accounts:hours")


def _page(
    request: HttpRequest, form: BusinessHoursForm, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        # Asking the form itself would check one that is only being filled in.
        "wrong": status == 422,
        "state": _state(agent_of(request).account_id or 0, timezone.now()),
        "page_section": "settings",
        "settings_here": "hours",
    }
    return render(request, "accounts/hours.html", context, status=status)


def _state(account_id: int, now: datetime) -> dict[str, str | bool] | None:
    """What visitors meet right now, by the hours that are stored."""
    stored = hours.hours_of(account_id, fresh=True)
    if stored is None:
        return None
    back = stored.next_opening(now)
    if back is None:
        return {"is_open": stored.is_open(now), "back": ""}
    day = formats.date_format(back, "l")
    # Translators: a date within this year, such as 22 November
    date = formats.date_format(back, pgettext("date format", "j F"))
    return {
        "is_open": False,
        "back": f"{day}, {date}, {formats.date_format(back, 'H:i')}",
    }
