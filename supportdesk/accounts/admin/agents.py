"""Agents: who works in the account, what they may do, and how they leave."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import presence, services, tasks
from supportdesk.accounts.admin.forms import AgentForm, HandOverForm, LeavingForm
from supportdesk.accounts.admin.scoped import ScopedAdmin, viewer_of
from supportdesk.accounts.admin.site import is_operator, site
from supportdesk.accounts.models import AgentGroup, ApiToken, Role, User


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


@admin.register(User, site=site)
class AgentAdmin(ScopedAdmin):
    """Agents are switched off, never deleted: what they wrote keeps its author.

    Nor are they added: an invitation makes them.
    """

    seen_by_operator = True
    place = 1
    form = AgentForm
    list_display: Any = ("person", "role_badge", "group_names", "last_active")
    list_filter = ("role", "is_active", GroupFilter)
    filter_lookups = frozenset({"role__exact", "is_active__exact", "group"})
    search_fields = ("name", "email")
    ordering = ("name", "pk")
    actions = ("send_password_link", "activate", "deactivate", "reset_second_factor")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        viewer = viewer_of(request)
        # What the menus of the rows ask; those are drawn without the request.
        may_own = Q(Value(viewer.is_owner), is_active=True) & ~Q(role=Role.OWNER)
        queryset = (
            super()
            .get_queryset(request)
            .annotate(
                is_viewer=ExpressionWrapper(Q(pk=viewer.pk), BooleanField()),
                may_own=ExpressionWrapper(may_own, BooleanField()),
            )
        )
        return queryset.select_related("account").prefetch_related("groups")

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        if is_operator(viewer_of(request)):
            return (columns[0], "account", *columns[1:])
        return columns

    def get_list_filter(self, request: HttpRequest) -> Any:
        if is_operator(viewer_of(request)):
            return ("role", "is_active")
        return self.list_filter

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def owns(self, viewer: User, obj: Any) -> bool:
        if is_operator(viewer):
            return obj is None or obj.account_id is not None
        return super().owns(viewer, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        known = ("last_seen_at", "last_login", "date_joined")
        viewer = viewer_of(request)
        asked = ("name", "email", "new_email", "language", "role", "own_password")
        fields: tuple[str, ...] = (*asked, "is_active", "groups", *known)
        if obj is not None and obj.pk == viewer.pk:
            fields = tuple(
                name for name in fields if name not in ("new_email", "own_password")
            )
        if not self.has_change_permission(request, obj):
            # Read-only, the form's own fields have no values to show.
            shown = ("name", "email", "language", "role", "is_active", "group_names")
            fields = (*shown, *known)
        return ("account", *fields) if is_operator(viewer) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        known = ("last_seen_at", "last_login", "date_joined")
        fields = ("account", "email", "group_names", *known)
        if obj is not None and obj.pk == viewer_of(request).pk:
            return (*fields, "role", "is_active")
        return fields

    # What the list shows

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = extra_context or {}
        response = super().changelist_view(request, context)
        rows = getattr(response, "context_data", None)
        if rows and "cl" in rows:
            self._bring_along(rows["cl"].result_list, viewer_of(request).account_id)
        return response

    def _bring_along(self, agents: Any, account_id: int | None) -> None:
        """For the page's rows at once: who is there, and what they have open."""
        open_counts = self.open_conversations(agents)
        # Who is there is the account's own matter.
        states = presence.states(account_id) if account_id else {}
        for agent in agents:
            agent.shown_presence = states.get(agent.pk, "offline")
            agent.open_count = open_counts.get(agent.pk, 0)

    def open_conversations(self, agents: Any) -> Mapping[int, int]:
        """By agent id; conversations stand above, their admin knows."""
        return {}

    @admin.display(description=_("agent"), ordering="name")
    def person(self, agent: User) -> SafeString:
        return self.cell("person", agent=agent)

    @admin.display(description=_("role"), ordering="role")
    def role_badge(self, agent: User) -> SafeString:
        return self.cell("role", role=agent.role, label=agent.get_role_display())

    @admin.display(description=_("groups"))
    def group_names(self, agent: User) -> SafeString:
        return self.cell("groups", groups=agent.groups.all())

    @admin.display(description=_("last active"), ordering="last_seen_at")
    def last_active(self, agent: User) -> SafeString:
        return self.cell("last_active", agent=agent)

    @admin.display(description="")
    def row_menu(self, agent: User) -> SafeString:
        return self.cell("agent_menu", agent=agent, model_admin=self)

    def save_model(
        self, request: HttpRequest, obj: User, form: Any, change: bool
    ) -> None:
        values, viewer = form.cleaned_data, viewer_of(request)
        person = {name: values[name] for name in ("name", "language")}
        services.update_agent(agent=obj, **person)
        had_full_access = User.objects.get(pk=obj.pk).has_full_access
        agent = services.change_access(
            agent=obj,
            by=viewer,
            role=values.get("role"),
            is_active=values.get("is_active"),
            groups=values["groups"],
        )
        if not agent.is_active or (had_full_access and not agent.has_full_access):
            self._name_tokens(request, agent)
        if values.get("new_email"):
            self._ask_for_address(request, agent, values["new_email"])

    def _ask_for_address(self, request: HttpRequest, agent: User, email: str) -> None:
        viewer = viewer_of(request)
        email = services.ask_for_address(agent=agent, by=viewer, email=email)
        tasks.send_address_change.delay_on_commit(agent.pk, email, viewer.pk)
        tasks.send_security_notice.delay_on_commit(
            agent.pk, "address_asked", viewer.pk, new=email
        )
        text = gettext(
            "A link was sent to %(email)s; the address changes when it is opened."
        )
        self.message_user(request, text % {"email": email}, messages.SUCCESS)

    def _name_tokens(self, request: HttpRequest, agent: User) -> None:
        """Programs depend on them, so they outlive what their maker may do."""
        names = ApiToken.objects.valid().filter(agent=agent).values_list("name")
        if not names:
            return
        text = gettext(
            "API tokens made by %(name)s go on working: %(tokens)s. Revoke those that "
            "nobody needs."
        )
        said = {"name": agent, "tokens": ", ".join(name for (name,) in names)}
        notice = format_html(
            '{} <a class="link" href="{}">{}</a>',
            text % said,
            reverse("admin:accounts_apitoken_changelist"),
            gettext("To the API tokens"),
        )
        self.message_user(request, notice, messages.WARNING)

    # For several agents at once

    @admin.action(description=_("Send a link to choose a password"))
    def send_password_link(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        done = self.each(
            request,
            queryset.filter(is_active=True, account__isnull=False),
            lambda agent: self._send_link(request, agent),
        )
        text = ngettext(
            "A link is on its way to %(count)d agent.",
            "Links are on their way to %(count)d agents.",
            done,
        )
        self.message_user(request, text % {"count": done}, messages.SUCCESS)

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

        def change(agent: User) -> None:
            services.change_access(agent=agent, by=viewer, is_active=is_active)
            if not is_active:
                self._name_tokens(request, agent)
            changed = gettext("switched on") if is_active else gettext("switched off")
            self.log_change(request, agent, changed)

        # Who is so already is passed by, and not counted.
        chosen = queryset.filter(account__isnull=False, is_active=not is_active)
        done = self.each(request, chosen, change)
        text = ngettext("%(count)d agent changed.", "%(count)d agents changed.", done)
        self.message_user(request, text % {"count": done}, messages.SUCCESS)

    @admin.action(description=_("Take away lost second factors"))
    def reset_second_factor(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        reset = []

        def change(agent: User) -> None:
            if services.reset_two_factor(agent=agent, by=viewer_of(request)):
                self.log_change(request, agent, gettext("second factors taken away"))
                reset.append(agent)

        self.each(request, queryset.filter(account__isnull=False), change)
        text = ngettext(
            "%(count)d agent signs in with the password alone now.",
            "%(count)d agents sign in with the password alone now.",
            len(reset),
        )
        self.message_user(request, text % {"count": len(reset)}, messages.SUCCESS)

    def _send_link(self, request: HttpRequest, agent: User) -> None:
        viewer = viewer_of(request)
        services.note_password_link(agent=agent, by=viewer)
        tasks.send_password_link.delay_on_commit(agent.pk, viewer.pk)

    # For one agent

    def password_link(self, request: HttpRequest, agent: User) -> HttpResponse:
        if request.method != "POST" or not agent.is_active:
            raise Http404
        self._send_link(request, agent)
        text = gettext("A link to choose a password is on its way to %(email)s.")
        self.message_user(request, text % {"email": agent.email}, messages.SUCCESS)
        return self.to_list()

    def switch_on(self, request: HttpRequest, agent: User) -> HttpResponse:
        if request.method != "POST":
            raise Http404
        services.change_access(agent=agent, by=viewer_of(request), is_active=True)
        self.log_change(request, agent, gettext("switched on"))
        text = gettext("%(name)s can sign in again.") % {"name": agent}
        self.message_user(request, text, messages.SUCCESS)
        return self.to_list()

    def switch_off(self, request: HttpRequest, agent: User) -> HttpResponse:
        """Says what it means, and asks who takes over."""
        viewer = viewer_of(request)
        if agent.pk == viewer.pk or not agent.is_active:
            raise Http404
        data = request.POST if request.method == "POST" else None
        form = LeavingForm(data, agent=agent)
        if form.is_valid():
            services.change_access(
                agent=agent,
                by=viewer,
                is_active=False,
                successor=form.cleaned_data["successor"],
            )
            self.log_change(request, agent, gettext("switched off"))
            text = gettext("%(name)s is switched off and signed out everywhere.")
            self.message_user(request, text % {"name": agent}, messages.SUCCESS)
            return self.to_list()
        context = self.page(
            request,
            gettext("Switch off %(name)s") % {"name": agent},
            agent,
            form=form,
            open_count=self.open_conversations([agent]).get(agent.pk, 0),
            tokens=ApiToken.objects.valid().filter(agent=agent),
        )
        status = 422 if form.is_bound else 200
        template = "admin/accounts/user/switch_off.html"
        return render(request, template, context, status=status)

    def hand_over(self, request: HttpRequest, agent: User) -> HttpResponse:
        """Make another agent the owner, in one's own place; asks who one is first."""
        viewer = viewer_of(request)
        if not viewer.is_owner or agent.is_owner or not agent.is_active:
            raise Http404
        data = request.POST if request.method == "POST" else None
        form = HandOverForm(data, owner=viewer)
        if form.is_valid():
            services.transfer_ownership(owner=viewer, to=agent)
            self.log_change(request, agent, gettext("made owner"))
            text = gettext("%(name)s is the owner now. You have full access.")
            self.message_user(request, text % {"name": agent}, messages.SUCCESS)
            return redirect("admin:accounts_user_changelist")
        title = gettext("Make %(name)s the owner") % {"name": agent}
        context = self.page(request, title, agent, form=form)
        status = 422 if form.is_bound else 200
        template = "admin/accounts/user/hand_over.html"
        return render(request, template, context, status=status)

    row_views = {
        "password-link": password_link,
        "switch-on": switch_on,
        "switch-off": switch_off,
        "hand-over": hand_over,
    }
