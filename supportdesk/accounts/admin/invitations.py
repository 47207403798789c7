"""Invitations: sent, sent again, withdrawn, and what became of them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services, tasks
from supportdesk.accounts.admin.forms import InvitationForm
from supportdesk.accounts.admin.scoped import ScopedAdmin, viewer_of
from supportdesk.accounts.admin.site import site
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Invitation


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return list(Invitation.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        found: dict[str, QuerySet] = {
            Invitation.State.PENDING: queryset.pending(now),  # type: ignore[attr-defined]
            Invitation.State.EXPIRED: queryset.expired(now),  # type: ignore[attr-defined]
            Invitation.State.ACCEPTED: queryset.filter(accepted_at__isnull=False),
            Invitation.State.REVOKED: queryset.filter(revoked_at__isnull=False),
        }
        return found.get(self.value() or "", queryset)


@admin.register(Invitation, site=site)
class InvitationAdmin(ScopedAdmin):
    place = 2
    lede = _("Whoever is invited gets a link by e-mail. It works once, for seven days.")
    form = InvitationForm
    list_display: Any = ("person", "role_badge", "state_badge", "valid_until")
    list_filter = (StateFilter,)
    filter_lookups = frozenset({"state"})
    search_fields = ("email", "name")
    ordering = ("-created_at", "-pk")
    actions = ("send_again", "withdraw")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows.select_related("invited_by", "account").prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is over is only looked at."""
        is_over = obj is not None and (obj.accepted_at or obj.revoked_at)
        return not is_over and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("email", "name", "role", "own_password", "groups", "language")
        known = ("state_badge", "inviter", "sent_at", "expires_at")
        if self.has_change_permission(request, obj):
            fields = ("email", "name", "role", "own_password", "groups", "language")
            return (*fields, *known)
        return ("email", "name", "role", "group_names", "language", *known)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        known = ("state_badge", "inviter", "group_names", "sent_at", "expires_at")
        return known if obj is None else ("email", *known)

    @admin.display(description=_("invited"), ordering="email")
    def person(self, invitation: Invitation) -> SafeString:
        return self.cell("invited", invitation=invitation)

    @admin.display(description=_("role"), ordering="role")
    def role_badge(self, invitation: Invitation) -> SafeString:
        label = invitation.get_role_display()
        return self.cell("role", role=invitation.role, label=label)

    @admin.display(description=_("state"))
    def state_badge(self, invitation: Invitation) -> SafeString:
        return self.cell("invitation_state", invitation=invitation)

    @admin.display(description=_("valid until"), ordering="expires_at")
    def valid_until(self, invitation: Invitation) -> SafeString:
        return self.cell("until", invitation=invitation)

    @admin.display(description=_("groups"))
    def group_names(self, invitation: Invitation) -> SafeString:
        return self.cell("groups", groups=invitation.groups.all())

    @admin.display(description=_("invited by"))
    def inviter(self, invitation: Invitation) -> str:
        return str(invitation.invited_by or "-")

    @admin.display(description="")
    def row_menu(self, invitation: Invitation) -> SafeString:
        return self.cell("invitation_menu", invitation=invitation, model_admin=self)

    def save_model(
        self, request: HttpRequest, obj: Invitation, form: Any, change: bool
    ) -> None:
        values = dict(form.cleaned_data)
        values.pop("own_password", None)
        viewer = viewer_of(request)
        if change:
            values.pop("email", None)
            services.change_invitation(invitation=obj, by=viewer, **values)
            return
        if viewer.account is None:
            raise AccountError(gettext("Agents are invited by the owner."))
        created = services.invite_agent(account=viewer.account, by=viewer, **values)
        obj.pk, obj.account = created.pk, viewer.account
        tasks.send_invitation.delay_on_commit(created.pk)
        text = gettext("An invitation is on its way to %(email)s.")
        email = {"email": created.email}
        self.message_user(request, text % email, messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any) -> HttpResponse:
        """To the list; what is on its way has been said."""
        return self.to_list()

    # For several at once, and for one

    @admin.action(description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        self.each(request, queryset, lambda row: self._send(request, row))

    @admin.action(description=_("Withdraw"))
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        self.each(request, queryset, lambda row: self._withdraw(request, row))

    def resend(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        if request.method != "POST":
            raise Http404
        self._send(request, invitation)
        return self.to_list()

    def revoke(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        if request.method != "POST":
            raise Http404
        self._withdraw(request, invitation)
        return self.to_list()

    row_views = {"resend": resend, "revoke": revoke}

    def _send(self, request: HttpRequest, invitation: Invitation) -> None:
        services.renew_invitation(invitation=invitation)
        tasks.send_invitation.delay_on_commit(invitation.pk)
        self.log_change(request, invitation, gettext("sent again"))
        text = gettext("A new link is on its way to %(email)s; the former one is void.")
        email = {"email": invitation.email}
        self.message_user(request, text % email, messages.SUCCESS)

    def _withdraw(self, request: HttpRequest, invitation: Invitation) -> None:
        services.revoke_invitation(invitation=invitation)
        self.log_change(request, invitation, gettext("withdrawn"))
        text = gettext("The invitation of %(email)s is withdrawn.")
        email = {"email": invitation.email}
        self.message_user(request, text % email, messages.SUCCESS)
