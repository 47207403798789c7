"""allauth's pages, in our words and with our answers."""

from typing import Any

from allauth.account import views
from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from supportdesk.accounts import tasks
from supportdesk.accounts.forms import (
    LoginForm,
    NewPasswordForm,
    PasswordChangeForm,
    PasswordResetForm,
)
from supportdesk.accounts.models import User


class Rejects:
    """A refused form is an error to programs too."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        context = self.get_context_data(form=form)  # type: ignore[attr-defined]
        return self.render_to_response(context, status=422)  # type: ignore[attr-defined]


class LoginView(Rejects, views.LoginView):
    form_class = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "signup_is_open": settings.SIGNUP_OPEN}


class PasswordResetView(Rejects, views.PasswordResetView):
    form_class = PasswordResetForm

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        refusal = ratelimit.consume_or_429(
            self.request, action="reset_password", key=email
        )
        if refusal:
            return refusal
        # The same work for every address; who it belongs to is asked by the worker.
        tasks.send_password_reset.delay(email)
        return redirect("account_reset_password_done")


class NewPasswordView(Rejects, views.PasswordResetFromKeyView):
    form_class = NewPasswordForm


class PasswordChangeView(Rejects, views.PasswordChangeView):
    form_class = PasswordChangeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Who has none yet chooses one by the link in a mail: it proves who they are.
        if isinstance(request.user, User) and not request.user.has_usable_password():
            return redirect("account_reset_password")
        return super().dispatch(request, *args, **kwargs)


@login_not_required
@require_safe
def suspended(request: HttpRequest) -> HttpResponse:
    return render(request, "account/account_suspended.html")
