"""Channels as the admin shows them: whether they work. They are set up in Settings."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from channels_integration.website.models import VisitorSession
from conversations.models import Channel, Conversation
from supportdesk.accounts.admin import site
from supportdesk.accounts.admin.scoped import ScopedAdmin


@admin.register(Channel, site=site)
class ChannelAdmin(ScopedAdmin):
    place = 6
    lede = _("Whether they work. Channels are set up in Settings, Channels.")
    list_display: Any = ("channel", "state", "last_browser", "last_message")
    search_fields = ("name",)
    fields = ("name", "kind", "state", "group_name", "last_browser", "last_message")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        browsers = VisitorSession.objects.filter(channel=OuterRef("pk"))
        threads = Conversation.objects.filter(
            account=OuterRef("account"), channel=OuterRef("pk")
        )
        rows = super().get_queryset(request).select_related("group")
        return rows.annotate(
            browser_at=Subquery(browsers.order_by("-pk").values("created_at")[:1]),
            message_at=Subquery(
                threads.order_by("-last_activity_at").values("last_activity_at")[:1]
            ),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> Any:
        return {}

    @admin.display(description=_("channel"), ordering="name")
    def channel(self, channel: Channel) -> SafeString:
        return self.cell("channel", channel=channel)

    @admin.display(description=_("state"), ordering="is_active")
    def state(self, channel: Channel) -> SafeString:
        return self.cell("channel_state", channel=channel)

    @admin.display(description=_("last new visitor"))
    def last_browser(self, channel: Any) -> SafeString:
        return self.cell("moment", at=channel.browser_at)

    @admin.display(description=_("last message"))
    def last_message(self, channel: Any) -> SafeString:
        return self.cell("moment", at=channel.message_at)

    @admin.display(description=_("group"))
    def group_name(self, channel: Channel) -> str:
        return str(channel.group or "-")
