"""What every class of the admin shares: one's own account, and services that write."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import actions
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from supportdesk.accounts.admin.site import is_operator, site
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import User


def viewer_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("the admin's pages need somebody signed in")
    return request.user


class DeskActionForm(ActionForm):
    action = forms.ChoiceField(
        label=gettext_lazy("Action"),
        widget=forms.Select(
            attrs={"class": "select", "aria-label": gettext_lazy("Action")}
        ),
    )


class ScopedAdmin(admin.ModelAdmin):
    """Rows of the viewer's account. Full access looks, the owner changes.

    Everything else in the admin (lists, choices, bulk actions, history, deletion)
    starts from `get_queryset`, so nothing outside of it exists for the viewer.
    """

    account_field = "account"
    seen_by_operator = False
    # Query strings that may filter the list besides its own filters: anything else
    # would let a viewer probe columns that are never shown.
    filter_lookups: frozenset[str] = frozenset()
    # What services refuse with: a sentence for whoever asked.
    refusals: tuple[type[Exception], ...] = (AccountError,)
    # Where it stands among the sections; the lowest number first.
    place = 100
    lede: Any = ""
    # Pages of one row besides change, delete and history; by the end of their address.
    row_views: dict[str, Callable[..., HttpResponse]] = {}
    action_form = DeskActionForm
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_queryset(request)
        viewer = viewer_of(request)
        if is_operator(viewer):
            return queryset if self.seen_by_operator else queryset.none()
        if not viewer.has_full_access:
            return queryset.none()
        return queryset.filter(**{self.account_field: viewer.account_id})

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        return lookup in self.filter_lookups

    # Who may do what

    def owns(self, viewer: User, obj: Any) -> bool:
        """Whether the row is of the account that the viewer is the owner of."""
        return viewer.is_owner and (obj is None or obj.account_id == viewer.account_id)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        viewer = viewer_of(request)
        return self.seen_by_operator if is_operator(viewer) else viewer.has_full_access

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.owns(viewer_of(request), obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return viewer_of(request).is_owner

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_action_choices(
        self, request: HttpRequest, default_choices: Any = ()
    ) -> Any:
        return super().get_action_choices(request, [("", _("Action"))])

    def get_actions(self, request: HttpRequest) -> Any:
        if not self.owns(viewer_of(request), None):
            return {}
        return super().get_actions(request)

    # One row

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> Any:
        """Not "it does not exist" on the start page: a stranger's row is a 404."""
        raise Http404

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(self._row_view(view)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, view in self.row_views.items()
        ]
        return own + super().get_urls()

    def row_url(self, name: str, pk: int) -> str:
        label, model = self.opts.app_label, self.opts.model_name
        return reverse(f"admin:{label}_{model}_{name}", args=[pk])

    def _row_view(self, view: Callable[..., HttpResponse]) -> Any:
        """For a row that the viewer may change; for everybody else there is none."""

        def guarded(request: HttpRequest, pk: int) -> HttpResponse:
            row = self.get_queryset(request).filter(pk=pk).first()
            if row is None or not self.owns(viewer_of(request), row):
                raise Http404
            try:
                return view(self, request, row)
            except self.refusals as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                return self.to_list()

        return guarded

    def to_list(self) -> HttpResponse:
        label, model = self.opts.app_label, self.opts.model_name
        return redirect(f"admin:{label}_{model}_changelist")

    def page(
        self, request: HttpRequest, title: str, row: Any, **context: Any
    ) -> dict[str, Any]:
        """The context of a page of one row."""
        shared = self.admin_site.each_context(request)
        return {
            **shared,
            "opts": self.opts,
            "model_admin": self,
            "title": title,
            "original": row,
            **context,
        }

    # Lists

    def cell(self, template: str, **context: Any) -> SafeString:
        """What a list shows of a row, drawn by a template."""
        return render_to_string(f"admin/cells/{template}.html", context)

    def get_list_display(self, request: HttpRequest) -> Any:
        """With a menu for each row, for those who may change it."""
        if self.row_views and self.owns(viewer_of(request), None):
            return (*self.list_display, "row_menu")
        return self.list_display

    @admin.display(description="")
    def action_checkbox(self, obj: Any) -> SafeString:
        return self.cell(
            "check",
            name=ACTION_CHECKBOX_NAME,
            row=obj,
            label=_("Select %(name)s") % {"name": obj},
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if ERROR_FLAG in request.GET and len(request.GET) > 1:
            # Django takes it that the list fails even without what was asked for.
            return self.to_list()
        if ACTION_CHECKBOX_NAME in request.POST:
            chosen = request.POST.copy()
            keys = chosen.getlist(ACTION_CHECKBOX_NAME)
            chosen.setlist(ACTION_CHECKBOX_NAME, [key for key in keys if _is_key(key)])
            request.POST = chosen  # type: ignore[assignment]
        context = {"model_admin": self} | (extra_context or {})
        return super().changelist_view(request, context)

    # Forms and writes

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        """Django's own fields, not the admin's: those need scripts, and a choice among
        rows would offer those of all accounts."""
        if db_field.remote_field is not None:
            raise TypeError(f"{db_field} needs a field of its own, with its own scope")
        return db_field.formfield(**kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"viewer": viewer_of(request)})

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Nothing: the service behind `save_model` has written members too."""

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        context["model_admin"] = self
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except self.refusals as refusal:
            # Forms ask the same question; here two answers met at the same moment,
            # and the transaction around the form has been rolled back.
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.get_full_path())

    # Deletion: through services, by which each class says what goes

    def delete_row(self, request: HttpRequest, row: Any, **answer: Any) -> None:
        """Call the service; `answer` is what `deletion_form` was told."""
        raise NotImplementedError

    def deletion_form(self, request: HttpRequest, rows: Sequence[Any]) -> Any:
        """What must be said before the rows go, with `answer()`; usually nothing.

        Bound once somebody has confirmed.
        """
        return None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The rows alone: their services refuse while something hangs on them."""
        names = [str(row) for row in objs]
        may = self.has_delete_permission(request)
        lacking = set() if may else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, lacking, []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_row(request, obj, **_answer(self.deletion_form(request, [obj])))

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        form = self.deletion_form(request, [row]) if row else None
        if form is not None and form.is_bound and not form.is_valid():
            if not self.has_delete_permission(request, row):
                raise PermissionDenied
            context = self.page(request, "", row, object=row, deletion=form)
            response = self.render_delete_form(request, context)
            response.status_code = 422
            return response
        context = {"deletion": form} | (extra_context or {})
        try:
            return super().delete_view(request, object_id, context)
        except self.refusals as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self.to_list()

    def each(
        self, request: HttpRequest, rows: models.QuerySet, change: Callable[[Any], Any]
    ) -> int:
        """Apply a service to chosen rows one by one; what it refuses is said."""
        done = 0
        for row in rows.order_by("pk"):
            try:
                change(row)
            except self.refusals as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                done += 1
        return done


@admin.action(
    permissions=["delete"],
    # Django's own words, with the name of what is deleted.
    description=actions.delete_selected.short_description,  # type: ignore[attr-defined]
)
def delete_selected(
    model_admin: Any, request: HttpRequest, queryset: models.QuerySet
) -> HttpResponse | None:
    """In the place of Django's: what a service refuses is neither counted nor logged."""
    rows = list(queryset.order_by("pk"))
    form = model_admin.deletion_form(request, rows)
    if is_confirmed(request) and (form is None or form.is_valid()):
        answer = _answer(form)

        def delete(row: Any) -> None:
            with transaction.atomic():
                model_admin.log_deletions(request, [row])
                model_admin.delete_row(request, row, **answer)

        done = model_admin.each(request, queryset, delete)
        if done:
            text = ngettext(
                "%(count)d entry is deleted.", "%(count)d entries are deleted.", done
            )
            model_admin.message_user(request, text % {"count": done}, messages.SUCCESS)
        return None
    context = model_admin.page(
        request,
        _("Delete these entries?"),
        None,
        queryset=rows,
        action_checkbox_name=ACTION_CHECKBOX_NAME,
        deletion=form,
    )
    template = "admin/delete_selected_confirmation.html"
    status = 422 if is_confirmed(request) else 200
    return TemplateResponse(request, template, context, status=status)


site.add_action(delete_selected)


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the page that asks about a deletion was sent."""
    return "post" in request.POST


def _is_key(text: str) -> bool:
    """Whether a row may have it; the database fails on what is no number, or too big."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 20
    return is_number and int(text) <= models.BigIntegerField.MAX_BIGINT


def _answer(form: Any) -> dict[str, Any]:
    if form is None or not form.is_valid():
        return {}
    answer: dict[str, Any] = form.answer()
    return answer
