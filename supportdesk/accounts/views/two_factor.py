"""allauth's pages of the second factor, in our words and with our answers."""

from typing import Any
from urllib.parse import quote

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from supportdesk.accounts.access import agent_of, second_factor_not_required
from supportdesk.accounts.two_factor import factors_of, may_remove
from supportdesk.accounts.two_factor_forms import (
    AppForm,
    CodeForm,
    ConfirmCodeForm,
    ConfirmKeyForm,
    ConfirmPasswordForm,
    KeyForm,
    KeyLoginForm,
)
from supportdesk.accounts.views.signing_in import Rejects

Type = Authenticator.Type


class CodeView(base.AuthenticateView):
    """The second step of signing in."""

    form_class = CodeForm
    webauthn_form_class = KeyLoginForm

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        types = {factor.type for factor in factors_of(self.stage.login.user)}
        return {
            **super().get_context_data(**kwargs),
            "has_app": Type.TOTP in types,
            "has_key": Type.WEBAUTHN in types,
        }


class ConfirmPasswordView(Rejects, account.ReauthenticateView):
    form_class = ConfirmPasswordForm


class ConfirmCodeView(Rejects, base.ReauthenticateView):
    form_class = ConfirmCodeForm


class ConfirmKeyView(Rejects, webauthn.ReauthenticateWebAuthnView):
    form_class = ConfirmKeyForm

    def form_invalid(self, form: Any) -> HttpResponse:
        return Rejects.form_invalid(self, form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **kwargs}


@never_cache
@second_factor_not_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Where agents begin whose account asks for a factor that they do not have."""
    agent = agent_of(request)
    if factors_of(agent):
        return redirect("accounts:security")
    return render(request, "accounts/second_factor.html")


def _after_adding(with_codes: bool) -> str:
    return reverse("mfa_view_recovery_codes" if with_codes else "accounts:security")


@method_decorator(never_cache, name="dispatch")
class AppView(Rejects, totp.ActivateTOTPView):
    form_class = AppForm

    def get_success_url(self) -> str:
        return _after_adding(self.did_generate_recovery_codes)


class AppRemoveView(Rejects, totp.DeactivateTOTPView):
    def get_success_url(self) -> str:
        return reverse("accounts:security")


@method_decorator(never_cache, name="dispatch")
class KeyView(Rejects, webauthn.AddWebAuthnView):
    form_class = KeyForm

    def get_success_url(self) -> str:
        return _after_adding(self.did_generate_recovery_codes)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Inherited, it forgets the form that was refused.
        return {**super().get_context_data(**kwargs), **kwargs}


class KeyRemoveView(webauthn.RemoveWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        if not may_remove(self.get_object()):
            return self.render_to_response(self.get_context_data(form=form), status=409)
        return super().form_valid(form)

    def get_success_url(self) -> str:
        return reverse("accounts:security")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "may_remove": may_remove(self.object),
        }


@method_decorator(never_cache, name="dispatch")
class CodesView(codes.ViewRecoveryCodesView):
    """The recovery codes, once; the file to keep them in is made of the page itself."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if context["can_view_codes"]:
            text = "\n".join(["Supportdesk", *context["unused_codes"], ""])
            context["file"] = f"data:text/plain;charset=utf-8,{quote(text)}"
        return context


class NewCodesView(Rejects, codes.GenerateRecoveryCodesView):
    pass


code = CodeView.as_view()
confirm_password = second_factor_not_required(ConfirmPasswordView.as_view())
confirm_code = second_factor_not_required(ConfirmCodeView.as_view())
confirm_key = second_factor_not_required(ConfirmKeyView.as_view())
app_add = second_factor_not_required(AppView.as_view())
app_remove = AppRemoveView.as_view()
key_add = second_factor_not_required(KeyView.as_view())
key_remove = KeyRemoveView.as_view()
recovery_codes = CodesView.as_view()
recovery_codes_new = NewCodesView.as_view()
