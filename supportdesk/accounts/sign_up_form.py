from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.forms import MAX_PASSWORD
from supportdesk.accounts.hours_form import time_zones
from supportdesk.accounts.models import Language, User
from supportdesk.accounts.names import plain_name
from supportdesk.core.forms import DressedForm

NAME_LENGTH = 120


class SignUpForm(DressedForm, forms.Form):
    """Says nothing about whether the address has an account: it does not look."""

    large = True
    company = forms.CharField(
        label=_("Company"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "organization", "autofocus": True}
        ),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "maxlength": MAX_PASSWORD}
        ),
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        widget=forms.Select(attrs={"data-own-time-zone": ""}),
    )

    def clean_company(self) -> str:
        return self._line("company", _("Enter the company's name."))

    def clean_name(self) -> str:
        return self._line("name", _("Enter your name."))

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("password"):
            person = User(email=values.get("email", ""), name=values.get("name", ""))
            try:
                validate_password(values["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return values

    def _line(self, field: str, missing: Any) -> str:
        line = plain_name(self.cleaned_data[field], NAME_LENGTH)
        if not line:
            raise forms.ValidationError(missing)
        return line


class SignUpPasswordForm(DressedForm, forms.Form):
    """Who opens the link elsewhere shows that it was them who signed up."""

    large = True
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        strip=False,
        help_text=_("The one you chose when you signed up."),
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password", "maxlength": MAX_PASSWORD}
        ),
    )
