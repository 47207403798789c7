from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from supportdesk.core.forms import DressedForm
from visitors.services import REASON_LENGTH

# Whoever means longer means for good.
LONGEST = timedelta(days=3650)


class BlockForm(DressedForm, forms.Form):
    """How long and why; the day that is named is the last one."""

    ends_on = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("The last day of the block. Empty: until somebody lifts it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=REASON_LENGTH,
        help_text=_("Colleagues see it, the visitor does not."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_on"].widget.attrs["min"] = timezone.localdate().isoformat()

    def clean_ends_on(self) -> date | None:
        day: date | None = self.cleaned_data["ends_on"]
        today = timezone.localdate()
        if day and day < today:
            raise forms.ValidationError(_("The end must be in the future."))
        if day and day > today + LONGEST:
            raise forms.ValidationError(_("At most ten years, or leave it empty."))
        return day

    def given(self) -> dict[str, Any]:
        """For the services: the block ends with that day, on the account's clock."""
        day = self.cleaned_data["ends_on"]
        end = day and timezone.make_aware(
            datetime.combine(day + timedelta(days=1), time())
        )
        return {"ends_at": end, "reason": self.cleaned_data["reason"]}


class NetworkForm(BlockForm):
    """An address or a range; what it must be is the service's matter."""

    network = forms.CharField(
        label=_("Address or range"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("For example 203.0.113.7, 203.0.113.0/24 or 2001:db8:1:2::/64."),
    )
    # The network that the question was about which a second try answers.
    confirmed = forms.CharField(
        required=False, max_length=100, widget=forms.HiddenInput
    )

    field_order = ("network", "ends_on", "reason")


class NetworkChoiceForm(BlockForm):
    """One of the ranges around the address that a visitor had last."""

    network = forms.ChoiceField(label=_("What to block"), widget=forms.RadioSelect)

    field_order = ("network", "ends_on", "reason")

    def __init__(
        self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["network"].choices = choices  # type: ignore[attr-defined]
        self.fields["network"].initial = choices[0][0]
