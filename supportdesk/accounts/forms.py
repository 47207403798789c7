from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import Presence, User
from supportdesk.accounts.pictures import FORMATS, PictureError, square_picture
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import redact_line

MAX_PASSWORD = 256


class LoginForm(DressedForm, allauth.LoginForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("E-mail")
        login.widget.attrs |= {"autocomplete": "username", "autofocus": True}
        password.label, password.help_text = _("Password"), ""
        # The hasher's work grows with the length of what it is given.
        password.widget.attrs["maxlength"] = MAX_PASSWORD
        password.validators.append(MaxLengthValidator(MAX_PASSWORD))
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


class PasswordChangeForm(DressedForm, allauth.ChangePasswordForm):
    large = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].help_text = ""
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password again")


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
        fields = ("name", "language", "enter_sends", "sound")

    def clean_name(self) -> str:
        name = redact_line(self.cleaned_data["name"], 120)
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
