"""Groups and who is in them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services
from supportdesk.accounts.admin.forms import GroupForm
from supportdesk.accounts.admin.scoped import ScopedAdmin, is_confirmed, viewer_of
from supportdesk.accounts.admin.site import site
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.group_form import GroupDeletionForm
from supportdesk.accounts.models import AgentGroup


@admin.register(AgentGroup, site=site)
class AgentGroupAdmin(ScopedAdmin):
    place = 3
    form = GroupForm
    list_display = ("name", "key", "member_names")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("agents")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.owns(viewer_of(request), obj)

    @admin.display(description=_("agents"))
    def member_names(self, group: AgentGroup) -> str:
        return ", ".join(str(agent) for agent in group.agents.all())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if self.has_change_permission(request, obj):
            return ("name", "key", "agents")
        return ("name", "key", "member_names")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("member_names",)

    def save_model(
        self, request: HttpRequest, obj: AgentGroup, form: Any, change: bool
    ) -> None:
        values = {name: form.cleaned_data[name] for name in ("name", "key", "agents")}
        if change:
            services.update_group(group=obj, **values)
            return
        account = viewer_of(request).account
        if account is None:
            raise AccountError(gettext("Groups are added by the owner of an account."))
        created = services.create_group(account=account, **values)
        obj.pk, obj.account = created.pk, account

    def deletion_form(
        self, request: HttpRequest, rows: Sequence[AgentGroup]
    ) -> GroupDeletionForm:
        data = request.POST if is_confirmed(request) else None
        return GroupDeletionForm(data, groups=rows)

    def delete_row(self, request: HttpRequest, row: AgentGroup, **answer: Any) -> None:
        services.delete_group(group=row, **answer)
