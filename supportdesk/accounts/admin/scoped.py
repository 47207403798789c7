"""What every class of the admin shares: one's own account, and services that write."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from supportdesk.accounts.admin.site import is_operator
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import User


def viewer_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("the admin's pages need somebody signed in")
    return request.user


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

    # Forms and writes

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"viewer": viewer_of(request)})

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Nothing: the service behind `save_model` has written members too."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AccountError as refusal:
            # Forms ask the same question; here two answers met at the same moment,
            # and the transaction around the form has been rolled back.
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect(request.get_full_path())
