from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.contrib.auth import password_validation
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import Invitation, Presence, User
from supportdesk.accounts.names import plain_name
from supportdesk.accounts.pictures import FORMATS, PictureError, square_picture
from supportdesk.core.forms import DressedForm
from supportdesk.core.ratelimit import allow
from supportdesk.core.text import redact_line

# The hasher's work grows with the length of what it is given. The same wherever a
# password is chosen or given: else one could choose what the sign-in page refuses.
MAX_PASSWORD = 256
PROOF_RATE = "10/hour"


def limit_password(field: forms.Field) -> None:
    field.widget.attrs["maxlength"] = MAX_PASSWORD
    field.validators.append(MaxLengthValidator(MAX_PASSWORD))


def check_own_password(person: User, password: str) -> None:
    """Raise ValidationError unless it is the person's; for some tries an hour."""
    if not allow(PROOF_RATE, "own-password", person.pk):
        raise forms.ValidationError(_("Too many attempts. Try again in an hour."))
    if not person.check_password(password):
        raise forms.ValidationError(_("This is not your current password."))


class LoginForm(DressedForm, allauth.LoginForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("E-mail")
        login.widget.attrs |= {"autocomplete": "username", "autofocus": True}
        password.label, password.help_text = _("Password"), ""
        limit_password(password)
        self.fields["remember"].label = _("Stay signed in on this device")
        self.fields["remember"].initial = True


class PasswordResetForm(DressedForm, forms.Form):
    """Says nothing about whether there is such an agent: it does not look."""

    large = True
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewPasswordForm(DressedForm, allauth.ResetPasswordKeyForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password again")
        for name in ("password1", "password2"):
            limit_password(self.fields[name])


class PasswordChangeForm(DressedForm, allauth.ChangePasswordForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].help_text = ""
        limit_password(self.fields["oldpassword"])
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password again")
        for name in ("password1", "password2"):
            limit_password(self.fields[name])


class InvitationForm(DressedForm, forms.Form):
    """What somebody who is invited says of themselves; the rest was decided."""

    large = True
    email = forms.EmailField(
        label=_("E-mail"),
        disabled=True,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    password1 = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html(),
    )
    password2 = forms.CharField(
        label=_("Password again"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, invitation: Invitation) -> None:
        initial = {"email": invitation.email, "name": invitation.name}
        super().__init__(*args, initial=initial)
        self.invitation = invitation

    def clean_name(self) -> str:
        name = plain_name(self.cleaned_data["name"], 120)
        if not name:
            raise forms.ValidationError(_("Enter your name."))
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        password = values.get("password1")
        if password and "password2" in values and password != values["password2"]:
            self.add_error("password2", _("The passwords are not the same."))
        elif password:
            person = User(email=self.invitation.email, name=values.get("name", ""))
            try:
                password_validation.validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return values


class ProfileForm(DressedForm, forms.ModelForm):
    """What agents change about themselves; never what they may do."""

    new_picture = forms.FileField(
        label=_("Picture"),
        required=False,
        help_text=_(
            "JPEG, PNG, WebP or GIF, up to 5 MB. Visitors see it beside your answers."
        ),
        widget=forms.FileInput(
            attrs={"accept": ",".join(f"image/{name.lower()}" for name in FORMATS)}
        ),
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture"), required=False)
    enter_sends = forms.TypedChoiceField(
        label=_("Sending messages"),
        choices=[
            ("False", _("Ctrl+Enter sends, Enter begins a new line")),
            ("True", _("Enter sends, Shift+Enter begins a new line")),
        ],
        coerce=lambda value: value == "True",
        widget=forms.RadioSelect,
    )

    class Meta:
        model = User
        fields = ("name", "language", "enter_sends")

    def clean_name(self) -> str:
        name = plain_name(self.cleaned_data["name"], 120)
        if not name:
            raise forms.ValidationError(_("Enter your name."))
        return name

    def clean_new_picture(self) -> Any:
        upload = self.cleaned_data["new_picture"]
        if not isinstance(upload, UploadedFile) or upload.file is None:
            return None
        try:
            return square_picture(upload.file, upload.size)
        except PictureError as error:
            raise forms.ValidationError(str(error)) from error

    def changes(self) -> dict[str, Any]:
        """What the service stores: valid values by field name."""
        values = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        if self.cleaned_data["new_picture"]:
            values["picture"] = self.cleaned_data["new_picture"]
        elif self.cleaned_data["remove_picture"]:
            values["picture"] = ""
        return values


class AddressForm(DressedForm, forms.Form):
    """Says nothing about whether somebody has the address: it does not look."""

    email = forms.EmailField(
        label=_("New e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Your password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password", "maxlength": MAX_PASSWORD}
        ),
    )

    def __init__(self, *args: Any, agent: User) -> None:
        super().__init__(*args)
        self.agent = agent

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if email == self.agent.email:
            raise forms.ValidationError(_("This is the address already."))
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        check_own_password(self.agent, password)
        return password


class AccountSecurityForm(DressedForm, forms.Form):
    two_factor_required = forms.BooleanField(
        label=_("Require two-factor sign-in of everybody"),
        required=False,
        help_text=_(
            "Whoever has no second factor yet sets one up before anything else. "
            "API tokens go on working."
        ),
    )


class ColleagueForm(DressedForm, forms.Form):
    """Whom the owner invites with the first steps."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        name = plain_name(self.cleaned_data["name"], 120)
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name


class ApiTokenForm(DressedForm, forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What uses it, for example “Shop server”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # Tells a form that is sent twice.
    form_id = forms.UUIDField(widget=forms.HiddenInput)

    def clean_name(self) -> str:
        name = redact_line(self.cleaned_data["name"], 80)
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name


class PresenceForm(forms.Form):
    """A choice by name, or the sidebar's switch, which sends nothing when it is off."""

    presence = forms.ChoiceField(choices=Presence.choices, required=False)
    online = forms.BooleanField(required=False)

    def chosen(self) -> str:
        switch = Presence.ONLINE if self.cleaned_data["online"] else Presence.OFFLINE
        return self.cleaned_data["presence"] or switch.value
