"""The visitor card, and what it shows."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import Account


class ContactForm(forms.Form):
    """Whichever of the fields are sent; the others stay as they are."""

    name = forms.CharField(required=False, max_length=1000)
    email = forms.CharField(required=False, max_length=1000)
    phone = forms.CharField(required=False, max_length=1000)

    def given(self) -> dict[str, str]:
        return {
            name: self.cleaned_data[name] for name in self.fields if name in self.data
        }


class VisitorNoteForm(forms.Form):
    """The personal note; how long it may be is the service's matter."""

    # Longer than that is not worth the look for card numbers.
    text = forms.CharField(required=False, max_length=20_000)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)


@dataclass(frozen=True)
class KeyRow:
    """A key of customer information in the settings' list."""

    key: str
    label: str
    is_shown: bool
    moved: str = ""


class CardSettingsForm(forms.Form):
    """Which keys the card shows, in the order in which the page lists them.

    The page sends all keys in their order (`order`) and those that are ticked
    (`shown`); a button that moves one sends its name (`up`, `down`).
    """

    show_customer_information = forms.BooleanField(
        label=_("Show customer information"),
        required=False,
        help_text=_("What the shop hands over about a visitor."),
    )
    which = forms.ChoiceField(
        label=_("Fields"),
        choices=[
            ("all", _("All, as the shop sends them")),
            ("chosen", _("Only those ticked below, in this order")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        account: Account,
        labels: dict[str, str],
    ) -> None:
        initial = {
            "show_customer_information": account.show_customer_information,
            "which": "chosen" if account.customer_keys else "all",
        }
        super().__init__(data, initial=initial)
        self.labels = labels
        self.moved = ("", "")
        self.order = list(labels)
        self.shown = set(account.customer_keys or labels)
        if data is not None:
            # Keys that the page did not know yet come last; invented ones do not count.
            sent = [
                key for key in dict.fromkeys(data.getlist("order")) if key in labels
            ]
            self.order = sent + [key for key in labels if key not in sent]
            self.shown = set(data.getlist("shown")) & set(labels)

    def moves(self) -> bool:
        """Whether a key was moved; the list stands in its new order then."""
        for name, step in (("up", -1), ("down", 1)):
            key = self.data.get(name)
            if key in self.order:
                at = self.order.index(key)
                to = min(max(at + step, 0), len(self.order) - 1)
                self.order.insert(to, self.order.pop(at))
                self.moved = (key, name)
                # Who orders the fields wants them in this order.
                self.data = {**self.data.dict(), "which": "chosen"}  # type: ignore[attr-defined]
                return True
        return False

    def rows(self) -> list[KeyRow]:
        moved, way = self.moved
        return [
            KeyRow(
                key, self.labels[key], key in self.shown, way if key == moved else ""
            )
            for key in self.order
        ]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("which") == "chosen" and not self.shown:
            self.add_error("which", _("Tick at least one field."))
        return values

    def fields_to_store(self) -> dict[str, Any]:
        chosen = [key for key in self.order if key in self.shown]
        return {
            "show_customer_information": self.cleaned_data["show_customer_information"],
            "customer_keys": chosen if self.cleaned_data["which"] == "chosen" else [],
        }
