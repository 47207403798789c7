from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin, auth
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import User

# They look rows up by other ways than the admin classes, or have pages of their own;
# and no form of ours asks for choices while one types.
_LEFT_OUT = {"view_on_site", "password_change_done", "autocomplete"}


def is_operator(user: object) -> bool:
    """The platform operator: a superuser who belongs to no account."""
    return isinstance(user, User) and user.is_superuser and user.account_id is None


class DeskAdminSite(admin.AdminSite):
    """The admin of one's own account; for agents without full access there is none."""

    site_header = _("Administration")
    site_title = _("Supportdesk")
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return False
        return user.has_full_access or is_operator(user)

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise Http404
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        urls = [
            entry
            for entry in super().get_urls()
            if getattr(entry, "name", None) not in _LEFT_OUT
        ]
        for entry in urls:
            # The detour over a sign-in page of the admin's own.
            view: Any = entry.callback
            if hasattr(view, "login_url"):
                del view.login_url
        return urls

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """People first: in the order of use, not of the alphabet."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=self._place)
        return sorted(apps, key=lambda app: self._place(app["models"][0]))

    def _place(self, entry: dict[str, Any]) -> int:
        return int(getattr(self._registry[entry["model"]], "place", 100))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        context |= {"page_section": "settings", "settings_here": "agents"}
        if is_operator(request.user):
            context |= {"site_url": None, "is_operator": True}
        return context

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        index = resolve_url("admin:index")
        if self.has_permission(request):
            return redirect(index)
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.GET.get("next") or index)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        if request.method != "POST":
            return redirect("account_logout")
        auth.logout(request)
        return redirect("account_login")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")


site = DeskAdminSite()
