"""Settings, account: take everything along, or have everything erased."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from supportdesk.accounts import services
from supportdesk.accounts.access import agent_of
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AccountExport, User
from supportdesk.core.forms import DressedForm
from supportdesk.core.ratelimit import allow
from supportdesk.core.streaming import StreamedFile
from supportdesk.operations import account_export, tasks

PASSWORD_RATE = "10/hour"  # noqa: S105


class ErasureForm(DressedForm, forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the account"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    _owner(request)
    return _page(request, ErasureForm())


@require_POST
def export_start(request: HttpRequest) -> HttpResponse:
    owner, account = _owner(request)
    try:
        export = services.request_account_export(
            account=account, by=owner, now=timezone.now()
        )
    except AccountError as error:
        messages.error(request, str(error))
    else:
        tasks.write_account_export.delay_on_commit(export.pk)
    return redirect("operations:account")


@never_cache
@require_safe
def export_file(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    owner, _account = _owner(request)
    export = get_object_or_404(_kept(owner), public_id=public_id)
    if not export.is_done:
        raise Http404
    try:
        file = default_storage.open(export.path)
    except FileNotFoundError as error:
        raise Http404 from error
    services.note_account_export_taken(export=export, by=owner)
    day = timezone.localtime(export.created_at).date().isoformat()
    response = StreamedFile(
        file,
        as_attachment=True,
        filename=f"account-{day}.zip",
        content_type="application/zip",
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def export_discard(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Cancel or delete: either way it is gone."""
    owner, _account = _owner(request)
    export = get_object_or_404(_kept(owner), public_id=public_id)
    account_export.discard_account_export(export=export, by=owner)
    return redirect("operations:account")


@require_POST
def erase(request: HttpRequest) -> HttpResponse:
    owner, account = _owner(request)
    form = ErasureForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if not allow(PASSWORD_RATE, "erase-account", owner.pk):
        form.add_error("password", _("Too many attempts. Try again in an hour."))
        return _page(request, form, status=429)
    try:
        services.request_erasure(
            account=account, by=owner, now=timezone.now(), **form.cleaned_data
        )
    except AccountError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=409)
    tasks.tell_of_erasure.delay_on_commit(account.pk, owner.pk)
    return redirect("operations:account")


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    owner, account = _owner(request)
    try:
        services.cancel_erasure(account=account, by=owner, now=timezone.now())
    except AccountError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The account stays."))
    return redirect("operations:account")


def _owner(request: HttpRequest) -> tuple[User, Account]:
    """404 for everybody else."""
    agent = agent_of(request)
    if not agent.is_owner or agent.account is None:
        raise Http404
    return agent, agent.account


def _kept(owner: User) -> Any:
    exports = AccountExport.objects.visible_to(owner)
    return exports.filter(expires_at__gt=timezone.now()).select_related("agent")


def _page(request: HttpRequest, form: ErasureForm, status: int = 200) -> HttpResponse:
    owner, account = _owner(request)
    exports = list(_kept(owner)[:10])
    context = {
        "form": form,
        "account": account,
        "exports": exports,
        "is_growing": any(export.is_unfinished for export in exports),
        "grace_days": services.ERASURE_GRACE.days,
        "page_section": "settings",
        "settings_here": "privacy",
    }
    name = "operations/account.html"
    if request.headers.get("HX-Target") == "account-exports":
        name = "operations/_account_exports.html"
    return render(request, name, context, status=status)
