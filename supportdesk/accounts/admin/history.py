"""The history as it stands in the admin: read, never written."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.admin.scoped import ScopedAdmin
from supportdesk.accounts.admin.site import site
from supportdesk.accounts.history import Line
from supportdesk.accounts.history_form import TOPICS
from supportdesk.accounts.models import AuditEntry


class TopicFilter(admin.SimpleListFilter):
    title = _("topic")
    parameter_name = "topic"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, Any]]:
        return list(TOPICS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(topic=self.value()) if self.value() else queryset


@admin.register(AuditEntry, site=site)
class AuditEntryAdmin(ScopedAdmin):
    """The database refuses changes too; Settings, History has more filters and a file."""

    place = 9
    lede = _("Who changed what, when and from where. Nobody can change or delete it.")
    list_display: Any = ("sentence", "moment", "via", "ip")
    list_filter = (TopicFilter,)
    filter_lookups = frozenset({"topic"})
    ordering = ("-at", "-pk")
    fields = ("sentence", "moment", "via", "ip", "user_agent", "changed")
    # Counting everything that ever happened would cost more than the page.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("what"))
    def sentence(self, entry: AuditEntry) -> str:
        return Line.of(entry).sentence

    @admin.display(description=_("time"), ordering="at")
    def moment(self, entry: AuditEntry) -> SafeString:
        return self.cell("moment", at=entry.at)

    @admin.display(description=_("changes"))
    def changed(self, entry: AuditEntry) -> str:
        return "; ".join(map(str, Line.of(entry).changes))
