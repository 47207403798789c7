"""Another address to sign in with: asked for with the password, proved by a link."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from supportdesk.accounts import services, tasks
from supportdesk.accounts.access import account_required, agent_of
from supportdesk.accounts.addresses import read_link
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.forms import AddressForm
from supportdesk.core import client_ip
from supportdesk.core.ratelimit import allow

_RATE = "30/minute"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@account_required
def address(request: HttpRequest) -> HttpResponse:
    """The answer is the same whoever has the address; the mail there says it."""
    agent = agent_of(request)
    if request.method != "POST":
        return _page(request, AddressForm(agent=agent))
    form = AddressForm(request.POST, agent=agent)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        email = services.ask_for_address(
            agent=agent, by=agent, email=form.cleaned_data["email"]
        )
    except AccountError as refusal:
        form.add_error("email", str(refusal))
        return _page(request, form, status=409)
    tasks.send_address_change.delay_on_commit(agent.pk, email, agent.pk)
    tasks.send_security_notice.delay_on_commit(
        agent.pk, "address_asked", agent.pk, new=email
    )
    text = _("A link was sent to %(email)s; the address changes when it is opened.")
    messages.success(request, text % {"email": email})
    return redirect("accounts:security")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What the link in the mail opens. Only its button changes the address: programs
    that look into mails follow links."""
    caller = client_ip.limit_key(client_ip.of_request(request))
    if not allow(_RATE, "address-page", caller):
        return render(request, "429.html", status=429)
    now = timezone.now()
    change = read_link(token, now)
    if change is None:
        return _void(request, _("It was used already, or it is too old."), 404)
    if not request.user.is_authenticated:
        translation.activate(change.agent.language)
    if request.method != "POST":
        return render(request, "accounts/address_confirm.html", {"change": change})
    try:
        agent, former = services.change_address(token=token, now=now)
    except AccountError as refusal:
        return _void(request, str(refusal), 409)
    tasks.send_security_notice.delay_on_commit(
        agent.pk, "address_changed", address=former, new=agent.email
    )
    text = _("From now on you sign in with %(email)s.") % {"email": agent.email}
    messages.success(request, text)
    if request.user == agent:
        return redirect("accounts:security")
    return redirect("account_login")


def _page(request: HttpRequest, form: AddressForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/address.html", {"form": form}, status=status)


def _void(request: HttpRequest, why: str, status: int) -> HttpResponse:
    context = {"why": why}
    return render(request, "accounts/address_void.html", context, status=status)
