from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services, tasks
from supportdesk.accounts.admin.forms import (
    AccountForm,
    AgentForm,
    GroupForm,
    NewAccountForm,
)
from supportdesk.accounts.admin.scoped import ScopedAdmin, viewer_of
from supportdesk.accounts.admin.site import is_operator, site
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, User

__all__ = ["site"]

_NEW_OWNER = ("owner_name", "owner_email")


class GroupFilter(admin.SimpleListFilter):
    """Groups the viewer may know of; Django's own would list those of all accounts."""

    title = _("group")
    parameter_name = "group"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, str]]:
        groups = AgentGroup.objects.visible_to(viewer_of(request))
        return [(str(pk), name) for pk, name in groups.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        known = {pk for pk, _name in self.lookup_choices}
        if self.value() not in known:
            return queryset
        return queryset.filter(groups=self.value())


@admin.register(Account, site=site)
class AccountAdmin(ScopedAdmin):
    account_field = "pk"
    seen_by_operator = True
    form = AccountForm
    list_display = ("name", "language", "time_zone", "created_at")
    search_fields = ("name",)
    ordering = ("name", "pk")

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

    def save_model(
        self, request: HttpRequest, obj: Account, form: Any, change: bool
    ) -> None:
        values = dict(form.cleaned_data)
        if change:
            services.update_account(account=obj, fields=values)
            return
        owner = {name: values.pop(name) for name in _NEW_OWNER}
        created = services.create_account(password=None, **owner, **values)
        obj.pk = created.pk
        tasks.send_invitation.delay_on_commit(created.agents.get().pk)


@admin.register(User, site=site)
class AgentAdmin(ScopedAdmin):
    """Agents are switched off, never deleted: what they wrote keeps its author."""

    seen_by_operator = True
    form = AgentForm
    list_display = ("name", "email", "role", "group_names", "is_active", "last_login")
    list_filter = ("role", "is_active", GroupFilter)
    filter_lookups = frozenset({"role__exact", "is_active__exact", "group"})
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    list_per_page = 50
    actions = ("send_password_link", "activate", "deactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        queryset = super().get_queryset(request)
        return queryset.select_related("account").prefetch_related("groups")

    def get_list_display(self, request: HttpRequest) -> Any:
        if is_operator(viewer_of(request)):
            return ("account", *self.list_display)
        return self.list_display

    def get_list_filter(self, request: HttpRequest) -> Any:
        if is_operator(viewer_of(request)):
            return ("role", "is_active")
        return self.list_filter

    def owns(self, viewer: User, obj: Any) -> bool:
        if is_operator(viewer):
            return obj is None or obj.account_id is not None
        return super().owns(viewer, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if not obj:
            return ("name", "email", "language", "role", "groups")
        known = ("last_login", "date_joined")
        fields: tuple[str, ...] = (*AgentForm.Meta.fields, "groups", *known)
        if not self.has_change_permission(request, obj):
            # Read-only, the form's own field has no value to show.
            fields = (*AgentForm.Meta.fields, "group_names", *known)
        return ("account", *fields) if is_operator(viewer_of(request)) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ("account", "group_names", "last_login", "date_joined")
        if obj is not None and obj.pk == viewer_of(request).pk:
            return (*fields, "role", "is_active")
        return fields

    @admin.display(description=_("groups"))
    def group_names(self, agent: User) -> str:
        return ", ".join(group.name for group in agent.groups.all())

    def save_model(
        self, request: HttpRequest, obj: User, form: Any, change: bool
    ) -> None:
        values = form.cleaned_data
        person = {name: values[name] for name in ("name", "email", "language")}
        if change:
            services.update_agent(agent=obj, **person)
            services.change_access(
                agent=obj,
                by=viewer_of(request),
                role=values.get("role"),
                is_active=values.get("is_active"),
                groups=values["groups"],
            )
            return
        account = viewer_of(request).account
        if account is None:
            raise AccountError(gettext("Agents are added by the owner of an account."))
        created = services.create_agent(
            account=account, role=values["role"], groups=values["groups"], **person
        )
        obj.pk, obj.account = created.pk, account
        tasks.send_invitation.delay_on_commit(created.pk)
        text = gettext("A link to choose a password is on its way to %(email)s.")
        self.message_user(request, text % {"email": created.email})

    # For several agents at once

    @admin.action(description=_("Send a link to choose a password"))
    def send_password_link(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        agents = list(queryset.filter(is_active=True))
        for agent in agents:
            tasks.send_invitation.delay_on_commit(agent.pk)
        text = ngettext(
            "A link is on its way to %(count)d agent.",
            "Links are on their way to %(count)d agents.",
            len(agents),
        )
        self.message_user(request, text % {"count": len(agents)}, messages.SUCCESS)

    @admin.action(description=_("Switch on"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, is_active=True)

    @admin.action(description=_("Switch off"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, is_active=False)

    def _switch(
        self, request: HttpRequest, queryset: QuerySet[User], is_active: bool
    ) -> None:
        viewer = viewer_of(request)
        done = 0
        for agent in queryset.filter(account__isnull=False).order_by("pk"):
            try:
                services.change_access(agent=agent, by=viewer, is_active=is_active)
            except AccountError as refusal:
                self.message_user(request, f"{agent}: {refusal}", messages.ERROR)
                continue
            changed = gettext("switched on") if is_active else gettext("switched off")
            self.log_change(request, agent, changed)
            done += 1
        text = ngettext("%(count)d agent changed.", "%(count)d agents changed.", done)
        self.message_user(request, text % {"count": done}, messages.SUCCESS)

    def get_actions(self, request: HttpRequest) -> Any:
        if not self.has_change_permission(request):
            return {}
        return super().get_actions(request)


@admin.register(AgentGroup, site=site)
class AgentGroupAdmin(ScopedAdmin):
    form = GroupForm
    list_display = ("name", "key", "member_names")
    search_fields = ("name",)
    prepopulated_fields = {"key": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("agents")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.owns(viewer_of(request), obj)

    @admin.display(description=_("agents"))
    def member_names(self, group: AgentGroup) -> str:
        return ", ".join(str(agent) for agent in group.agents.all())

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

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The groups alone: with them nothing goes but who was in them."""
        names = [str(group) for group in objs]
        counts = {self.opts.verbose_name_plural: len(names)}
        may = self.has_delete_permission(request)
        return names, counts, set() if may else {self.opts.verbose_name}, []

    def delete_model(self, request: HttpRequest, obj: AgentGroup) -> None:
        services.delete_group(group=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[AgentGroup]
    ) -> None:
        for group in queryset.order_by("pk"):
            services.delete_group(group=group)
