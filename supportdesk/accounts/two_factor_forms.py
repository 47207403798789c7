import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import ReauthenticateForm as PasswordAgainForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from cryptography.exceptions import UnsupportedAlgorithm
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.forms import limit_password
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import redact_line

MAX_CODE = 20
MAX_KEY_NAME = 60


@contextmanager
def _readable() -> Iterator[None]:
    """What is no answer of a key at all is refused as a wrong one is."""
    try:
        yield
    except (
        *(AttributeError, LookupError, TypeError, ValueError),
        *(struct.error, UnsupportedAlgorithm),
    ) as error:
        raise forms.ValidationError(_("This is not an answer of a key.")) from error


class _CodeField(DressedForm, forms.Form):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("Code")
        code.validators.append(MaxLengthValidator(MAX_CODE))
        code.widget.attrs |= {
            "inputmode": "numeric",
            "maxlength": MAX_CODE,
            "autocomplete": "one-time-code",
            "autofocus": True,
        }


class CodeForm(_CodeField, AuthenticateForm):
    """The second step of signing in: a code of the app, or a recovery code."""


class ConfirmCodeForm(_CodeField, ReauthenticateForm):
    """The same, for who is signed in."""


class AppForm(_CodeField, ActivateTOTPForm):
    """The first code of an app shows that it has the secret."""


class KeyLoginForm(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        with _readable():
            return super().clean_credential()


class ConfirmKeyForm(KeyLoginForm, ReauthenticateWebAuthnForm):
    """The same, for who is signed in."""


class KeyForm(DressedForm, AddWebAuthnForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of the key")
        self.fields["name"].widget.attrs |= {
            "maxlength": MAX_KEY_NAME,
            "autocomplete": "off",
        }

    def clean(self) -> dict[str, Any]:
        with _readable():
            return super().clean() or {}

    def clean_name(self) -> str:
        return redact_line(super().clean_name(), MAX_KEY_NAME) or str(
            self.fields["name"].initial or _("Security key")
        )


class ConfirmPasswordForm(DressedForm, PasswordAgainForm):
    """Asked for again before what protects the agent is changed."""

    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password = self.fields["password"]
        password.label, password.help_text = _("Password"), ""
        password.widget.attrs["autofocus"] = True
        limit_password(password)
