"""The page behind the link of an invitation: a name, a password, and one is in."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError, InvitationOver
from supportdesk.accounts.forms import InvitationForm
from supportdesk.accounts.models import Invitation
from supportdesk.core import client_ip
from supportdesk.core.ratelimit import allow

_RATE = "30/minute"


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, public_id: uuid.UUID, key: str) -> HttpResponse:
    address = client_ip.limit_key(client_ip.of_request(request))
    if not allow(_RATE, "invitation-page", address):
        return render(request, "429.html", status=429)
    try:
        found = services.find_invitation(public_id=public_id, key=key)
    except InvitationOver as over:
        return _over(request, over)
    if not request.COOKIES.get("django_language"):
        translation.activate(found.language)
    if request.method != "POST":
        return _page(request, found, InvitationForm(invitation=found))
    form = InvitationForm(request.POST, invitation=found)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        services.accept_invitation(
            invitation=found,
            key=key,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password1"],
        )
    except InvitationOver as over:
        return _over(request, over)
    except AccountError as refusal:
        form.add_error(None, str(refusal))
        return _page(request, found, form, status=409)
    messages.success(request, _("Welcome! Sign in with your new password."))
    return redirect("account_login")


def _page(
    request: HttpRequest, found: Invitation, form: InvitationForm, status: int = 200
) -> HttpResponse:
    context = {"form": form, "invitation": found}
    return render(request, "account/invitation.html", context, status=status)


def _over(request: HttpRequest, over: InvitationOver) -> HttpResponse:
    context = {"why": str(over)}
    return render(request, "account/invitation_over.html", context, status=410)
