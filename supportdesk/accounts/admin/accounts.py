"""Accounts: one's own settings for owners, all of them for the platform operator."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services, tasks
from supportdesk.accounts.admin.forms import AccountForm, NewAccountForm
from supportdesk.accounts.admin.scoped import ScopedAdmin, viewer_of
from supportdesk.accounts.admin.site import is_operator, site
from supportdesk.accounts.models import Account, User

_NEW_OWNER = ("owner_name", "owner_email")


class SuspendedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [("in-service", _("In service")), ("suspended", _("Suspended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        is_on = self.value() != "suspended"
        return queryset.filter(suspended_at__isnull=is_on)


@admin.register(Account, site=site)
class AccountAdmin(ScopedAdmin):
    account_field = "pk"
    seen_by_operator = True
    place = 4
    form = AccountForm
    list_display = ("name", "language", "time_zone", "opened")
    filter_lookups = frozenset({"state"})
    search_fields = ("name",)
    ordering = ("name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        active = Count("agents", filter=Q(agents__is_active=True))
        return super().get_queryset(request).annotate(agent_count=active)

    def get_list_display(self, request: HttpRequest) -> Any:
        if is_operator(viewer_of(request)):
            return ("name", "state", "agent_number", "opened", "row_menu")
        return self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (SuspendedFilter,) if is_operator(viewer_of(request)) else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_operator(viewer_of(request))

    def owns(self, viewer: User, obj: Any) -> bool:
        if is_operator(viewer):
            return True
        return viewer.is_owner and (obj is None or obj.pk == viewer.account_id)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if not change:
            kwargs["form"] = NewAccountForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(AccountForm.Meta.fields)
        return fields if obj else fields + _NEW_OWNER

    @admin.display(description=_("state"))
    def state(self, account: Account) -> SafeString:
        return self.cell("account_state", account=account)

    @admin.display(description=_("created"), ordering="created_at")
    def opened(self, account: Account) -> SafeString:
        return self.cell("moment", at=account.created_at)

    @admin.display(description=_("agents"), ordering="agent_count")
    def agent_number(self, account: Any) -> int:
        return int(account.agent_count)

    @admin.display(description="")
    def row_menu(self, account: Account) -> SafeString:
        return self.cell("account_menu", account=account, model_admin=self)

    def save_model(
        self, request: HttpRequest, obj: Account, form: Any, change: bool
    ) -> None:
        values = dict(form.cleaned_data)
        if change:
            services.update_account(account=obj, fields=values)
            return
        owner = {name: values.pop(name) for name in _NEW_OWNER}
        created = services.create_account(
            password=None, by=viewer_of(request), **owner, **values
        )
        obj.pk = created.pk
        tasks.send_welcome.delay_on_commit(created.agents.get().pk)

    # The operator's switch

    def suspend(self, request: HttpRequest, account: Account) -> HttpResponse:
        if not is_operator(viewer_of(request)):
            raise Http404
        if request.method != "POST":
            title = gettext("Suspend %(name)s") % {"name": account}
            context = self.page(request, title, account)
            return render(request, "admin/accounts/account/suspend.html", context)
        if services.suspend_account(account=account):
            self.log_change(request, account, gettext("suspended"))
        text = gettext("%(name)s is suspended.") % {"name": account}
        self.message_user(request, text, messages.SUCCESS)
        return self.to_list()

    def resume(self, request: HttpRequest, account: Account) -> HttpResponse:
        if not is_operator(viewer_of(request)) or request.method != "POST":
            raise Http404
        if services.resume_account(account=account):
            self.log_change(request, account, gettext("resumed"))
        text = gettext("%(name)s is in service again.") % {"name": account}
        self.message_user(request, text, messages.SUCCESS)
        return self.to_list()

    row_views = {"suspend": suspend, "resume": resume}
