"""Settings, groups: who answers what, and how conversations find their agent."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from supportdesk.accounts import services
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.group_form import (
    AssigningForm,
    GroupDeletionForm,
    GroupForm,
)
from supportdesk.accounts.models import Account, AgentGroup, User

_HERE = {"page_section": "settings", "settings_here": "groups"}


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def groups(request: HttpRequest) -> HttpResponse:
    """The list, and the rule for conversations of no group."""
    account = _account(request)
    form = AssigningForm(
        request.POST if request.method == "POST" else None, rule=account
    )
    if form.is_valid():
        services.set_assigning(account=account, **form.cleaned_data)
        messages.success(request, _("The automatic assignment is saved."))
        return redirect("accounts:groups")
    context = {"groups": _groups(request), "form": form, **_HERE}
    status = 422 if form.is_bound else 200
    return render(request, "accounts/groups.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def group_create(request: HttpRequest) -> HttpResponse:
    account = _account(request)
    form = GroupForm(
        request.POST if request.method == "POST" else None, account=account
    )
    if form.is_valid():
        try:
            services.create_group(account=account, **form.cleaned_data)
        except AccountError as error:
            form.add_error("key", str(error))
        else:
            messages.success(request, _("The group is added."))
            return redirect("accounts:groups")
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def group_edit(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(_groups(request), pk=pk)
    data = request.POST if request.method == "POST" else None
    form = GroupForm(data, account=_account(request), group=group)
    if form.is_valid():
        try:
            services.update_group(group=group, **form.cleaned_data)
        except AccountError as error:
            form.add_error("key", str(error))
        else:
            messages.success(request, _("The group is saved."))
            return redirect("accounts:groups")
    return _page(request, form)


@require_POST
@full_access_required
def group_delete(request: HttpRequest, pk: int) -> HttpResponse:
    group = get_object_or_404(_groups(request), pk=pk)
    deletion = GroupDeletionForm(request.POST, groups=[group])
    if deletion.is_valid():
        try:
            services.delete_group(group=group, **deletion.answer())
        except AccountError as error:
            # Somebody came into the group meanwhile: the page asks about them now.
            messages.error(request, str(error))
            return redirect("accounts:group_edit", pk=group.pk)
        else:
            text = _("“%(name)s” is deleted.") % {"name": group.name}
            messages.success(request, text)
            return redirect("accounts:groups")
    form = GroupForm(account=_account(request), group=group)
    return _page(request, form, deletion)


def _groups(request: HttpRequest) -> QuerySet[AgentGroup]:
    members = Prefetch("agents", User.objects.by_name())
    return AgentGroup.objects.visible_to(agent_of(request)).prefetch_related(members)


def _account(request: HttpRequest) -> Account:
    account = agent_of(request).account
    if account is None:
        raise Http404
    return account


def _page(
    request: HttpRequest, form: GroupForm, deletion: GroupDeletionForm | None = None
) -> HttpResponse:
    status = 422 if form.is_bound or deletion else 200
    if form.group and deletion is None:
        deletion = GroupDeletionForm(groups=[form.group])
    context: dict[str, Any] = {
        "form": form,
        "group": form.group,
        "deletion": deletion,
        **_HERE,
    }
    return render(request, "accounts/group.html", context, status=status)
