"""API tokens: seen and revoked here, made in the settings, where they are shown."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import tokens
from supportdesk.accounts.admin.scoped import ScopedAdmin
from supportdesk.accounts.admin.site import site
from supportdesk.accounts.models import ApiToken


class ValidFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return [("valid", _("Valid")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() != "revoked")


@admin.register(ApiToken, site=site)
class ApiTokenAdmin(ScopedAdmin):
    place = 5
    lede = _("Keys of the account's own programs. New ones are made in Settings, API.")
    list_display: Any = ("name", "state_badge", "prefix", "made_by", "last_used")
    list_filter = (ValidFilter,)
    filter_lookups = frozenset({"state"})
    search_fields = ("name", "prefix")
    ordering = ("-created_at", "-pk")
    fields = ("name", "prefix", "made_by", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke_chosen",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("agent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("state"))
    def state_badge(self, token: ApiToken) -> SafeString:
        return self.cell("token_state", token=token)

    @admin.display(description=_("created by"))
    def made_by(self, token: ApiToken) -> SafeString:
        return self.cell("made_by", agent=token.agent)

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_used(self, token: ApiToken) -> SafeString:
        return self.cell("moment", at=token.last_used_at)

    @admin.display(description="")
    def row_menu(self, token: ApiToken) -> SafeString:
        return self.cell("token_menu", token=token, model_admin=self)

    @admin.action(description=_("Revoke"))
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        valid = queryset.filter(revoked_at__isnull=True)
        done = self.each(request, valid, lambda row: self._revoke(request, row))
        text = ngettext("%(count)d token revoked.", "%(count)d tokens revoked.", done)
        self.message_user(request, text % {"count": done}, messages.SUCCESS)

    def revoke(self, request: HttpRequest, token: ApiToken) -> HttpResponse:
        if request.method != "POST":
            raise Http404
        self._revoke(request, token)
        text = gettext("“%(name)s” is revoked.") % {"name": token.name}
        self.message_user(request, text, messages.SUCCESS)
        return self.to_list()

    row_views = {"revoke": revoke}

    def _revoke(self, request: HttpRequest, token: ApiToken) -> None:
        tokens.revoke_api_token(token=token)
        self.log_change(request, token, gettext("revoked"))
