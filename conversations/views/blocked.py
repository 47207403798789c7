"""Settings: who is blocked."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.models import Account, IpStorage
from supportdesk.core import client_ip
from visitors import services
from visitors.blocks import contains
from visitors.exceptions import VisitorError
from visitors.forms import NetworkForm
from visitors.models import Block

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def blocked_visitors(request: HttpRequest) -> HttpResponse:
    """The list, and a form for an address; what it would shut out is said first."""
    form = NetworkForm(request.POST if request.method == "POST" else None)
    warnings: list[str] = []
    if form.is_valid():
        try:
            warnings = _warnings(request, form)
            if not warnings:
                _block(request, form)
                return redirect("settings:blocked")
        except VisitorError as error:
            form.add_error("network", str(error))
    rows = Block.objects.visible_to(agent_of(request)).in_force()
    page = Paginator(rows.select_related("visitor", "agent"), PAGE_SIZE)
    context = {
        "form": form,
        "warnings": warnings,
        "page": page.get_page(request.GET.get("page")),
        "not_stored": _account(request).ip_storage == IpStorage.NONE,
        "page_section": "settings",
        "settings_here": "blocked",
    }
    status = (409 if warnings else 422) if form.is_bound else 200
    return render(request, "settings/blocked.html", context, status=status)


@require_POST
@full_access_required
def block_lift(request: HttpRequest, pk: int) -> HttpResponse:
    block = get_object_or_404(Block.objects.visible_to(agent_of(request)), pk=pk)
    services.unblock(block=block)
    messages.success(request, _("The block is lifted."))
    return redirect("settings:blocked")


def _warnings(request: HttpRequest, form: NetworkForm) -> list[str]:
    """What speaks against it; nothing once that was read for this very network."""
    network = services.parse_network(form.cleaned_data["network"])
    text = str(network)
    if form.cleaned_data["confirmed"] == text:
        return []
    warnings = []
    number = services.visitors_in(_account(request), network)
    if number:
        warnings.append(
            _("Visitors who came from there in the last 7 days: %(number)s.")
            % {"number": number}
        )
    if contains(text, client_ip.of_request(request)):
        warnings.append(_("Your own address is in it at the moment."))
    if warnings:
        # Bound, so its data must say it: the next try carries the answer.
        form.data = {**request.POST.dict(), "confirmed": text}
    return warnings


def _block(request: HttpRequest, form: NetworkForm) -> None:
    services.block_network(
        account=_account(request),
        agent=agent_of(request),
        network=form.cleaned_data["network"],
        **form.given(),
    )
    messages.success(request, _("The address is blocked."))


def _account(request: HttpRequest) -> Account:
    account = agent_of(request).account
    if account is None:
        raise TypeError("full access without an account")
    return account
