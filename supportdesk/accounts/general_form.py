"""Settings, general: what the account is called and speaks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.hours_form import time_zones
from supportdesk.accounts.models import Account
from supportdesk.accounts.names import plain_name
from supportdesk.core.forms import DressedForm

LONGEST_WINDOW = 3650


class GeneralForm(DressedForm, forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zones,
        help_text=_("Of business hours, reports and all times that are shown."),
    )

    class Meta:
        model = Account
        fields = ("name", "language", "time_zone", "reopen_window_days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        window = self.fields["reopen_window_days"]
        window.label = _("Reopen window in days")
        window.widget.attrs |= {"min": 0, "max": LONGEST_WINDOW}
        self.fields["name"].label = _("Name of the company")
        self.fields["language"].label = _("Language")
        self.fields["language"].help_text = _("Of new agents and of mails to the team.")

    def clean_name(self) -> str:
        name = plain_name(self.cleaned_data["name"], 120)
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    def clean_reopen_window_days(self) -> int | None:
        days: int | None = self.cleaned_data["reopen_window_days"]
        if days is not None and days > LONGEST_WINDOW:
            raise forms.ValidationError(
                _("At most %(max)s days; empty means always."),
                params={"max": LONGEST_WINDOW},
            )
        return days
