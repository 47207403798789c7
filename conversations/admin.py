"""What the admin shows of conversations: never what is in them, only how many.

The classes of agents and accounts learn here to count what stands above them.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import (
    Assignment,
    Attachment,
    CannedReply,
    Conversation,
    Tag,
)
from supportdesk.accounts.admin import AccountAdmin, AgentAdmin, site
from supportdesk.accounts.admin.scoped import ScopedAdmin, viewer_of
from supportdesk.accounts.admin.site import is_operator
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, User
from supportdesk.core.forms import DressedForm

REFUSALS = (AccountError, ConversationError)

site.unregister([User, Account])


@admin.register(User, site=site)
class AgentWorkAdmin(AgentAdmin):
    """Agents, with what they have open."""

    list_display = (*AgentAdmin.list_display, "open_now")

    def open_conversations(self, agents: Any) -> Mapping[int, int]:
        rows = Assignment.objects.filter(
            agent__in=[agent.pk for agent in agents], conversation__status="open"
        )
        counted = rows.order_by().values_list("agent").annotate(number=Count("pk"))
        return dict(counted)

    @admin.display(description=_("open"))
    def open_now(self, agent: Any) -> int:
        return int(agent.open_count)


@admin.register(Account, site=site)
class AccountUseAdmin(AccountAdmin):
    """Accounts, with how much they use: numbers for the operator, and nothing else."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        accounts = super().get_queryset(request)
        if not is_operator(viewer_of(request)):
            return accounts
        theirs: QuerySet[Any, Any] = Conversation.objects.filter(account=OuterRef("pk"))
        theirs = theirs.order_by().values("account")
        files: QuerySet[Any, Any] = Attachment.objects.filter(
            message__conversation__account=OuterRef("pk")
        )
        files = files.order_by().values("message__conversation__account")
        return accounts.annotate(
            conversation_count=Subquery(theirs.annotate(n=Count("pk")).values("n")),
            last_active_at=Subquery(
                theirs.annotate(last=Max("last_activity_at")).values("last")
            ),
            stored_bytes=Subquery(files.annotate(n=Sum("size")).values("n")),
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = tuple(super().get_list_display(request))
        if not is_operator(viewer_of(request)):
            return columns
        used = ("conversation_number", "last_activity", "storage")
        return (*columns[:-2], *used, *columns[-2:])

    @admin.display(description=_("conversations"), ordering="conversation_count")
    def conversation_number(self, account: Any) -> int:
        return account.conversation_count or 0

    @admin.display(description=_("last activity"), ordering="last_active_at")
    def last_activity(self, account: Any) -> SafeString:
        return self.cell("moment", at=account.last_active_at)

    @admin.display(description=_("storage"), ordering="stored_bytes")
    def storage(self, account: Any) -> SafeString:
        return self.cell("size", size=account.stored_bytes or 0)


class TagForm(DressedForm, forms.ModelForm):
    viewer: User

    class Meta:
        model = Tag
        fields = ("name", "hue", "description")
        widgets = {"hue": forms.Select(choices=[(n, n) for n in range(1, 9)])}


@admin.register(Tag, site=site)
class TagAdmin(ScopedAdmin):
    refusals = REFUSALS
    place = 7
    lede = _(
        "Words the team sorts conversations by. They are merged in Settings, Tags."
    )
    form = TagForm
    list_display: Any = ("tag", "description", "is_offered")
    search_fields = ("name", "description")
    fields = ("name", "hue", "description")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.owns(viewer_of(request), obj)

    @admin.display(description=_("tag"), ordering="name")
    def tag(self, tag: Tag) -> SafeString:
        return self.cell("tag", tag=tag)

    @admin.display(description=_("state"), ordering="archived_at")
    def is_offered(self, tag: Tag) -> SafeString:
        return self.cell("offered", is_on=tag.archived_at is None)

    def save_model(
        self, request: HttpRequest, obj: Tag, form: Any, change: bool
    ) -> None:
        values, viewer = form.cleaned_data, viewer_of(request)
        if change:
            services.change_tag(tag=obj, by=viewer, **values)
            return
        if viewer.account is None:
            raise AccountError
        created = services.create_tag(account=viewer.account, **values)
        obj.pk, obj.account = created.pk, viewer.account

    def delete_row(self, request: HttpRequest, row: Tag, **answer: Any) -> None:
        services.delete_tag(tag=row, by=viewer_of(request))


class CannedReplyForm(DressedForm, forms.ModelForm):
    viewer: User

    class Meta:
        model = CannedReply
        fields = ("shortcut", "title", "text")


@admin.register(CannedReply, site=site)
class CannedReplyAdmin(ScopedAdmin):
    """The shared ones: what agents keep for themselves is theirs alone."""

    refusals = REFUSALS
    place = 8
    lede = _("Shared by the whole team. Files are added in Settings, Canned replies.")
    form = CannedReplyForm
    list_display: Any = ("shortcut", "title", "use_count", "changed")
    search_fields = ("shortcut", "title", "text")
    fields = ("shortcut", "title", "text")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(agent__isnull=True)

    @admin.display(description=_("changed"), ordering="changed_at")
    def changed(self, reply: CannedReply) -> SafeString:
        return self.cell("moment", at=reply.changed_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.owns(viewer_of(request), obj)

    def save_model(
        self, request: HttpRequest, obj: CannedReply, form: Any, change: bool
    ) -> None:
        viewer = viewer_of(request)
        if viewer.account is None:
            raise AccountError
        saved = services.save_canned_reply(
            agent=viewer,
            is_shared=True,
            reply=obj if change else None,
            **form.cleaned_data,
        )
        obj.pk, obj.account = saved.pk, viewer.account

    def delete_row(self, request: HttpRequest, row: CannedReply, **answer: Any) -> None:
        """With its files; messages keep copies of them."""
        services.delete_canned_reply(agent=viewer_of(request), reply=row)
