"""allauth's pages, in our words and with our answers."""

from allauth.account import views
from allauth.core import ratelimit
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect

from supportdesk.accounts import tasks
from supportdesk.accounts.forms import (
    LoginForm,
    NewPasswordForm,
    PasswordChangeForm,
    PasswordResetForm,
)


class _Rejects:
    """A refused form is an error to programs too."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        context = self.get_context_data(form=form)  # type: ignore[attr-defined]
        return self.render_to_response(context, status=422)  # type: ignore[attr-defined]


class LoginView(_Rejects, views.LoginView):
    form_class = LoginForm


class PasswordResetView(_Rejects, views.PasswordResetView):
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


class NewPasswordView(_Rejects, views.PasswordResetFromKeyView):
    form_class = NewPasswordForm


class PasswordChangeView(_Rejects, views.PasswordChangeView):
    form_class = PasswordChangeForm
