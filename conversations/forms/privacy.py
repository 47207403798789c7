"""For how long the account keeps what."""

import hashlib
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import keeping
from supportdesk.accounts.models import Account, IpStorage
from supportdesk.core.forms import DressedForm

LONGEST = 3650


class PrivacyForm(DressedForm, forms.Form):
    """A field for each kind of data that is kept for a time; empty is for ever."""

    ip_storage = forms.ChoiceField(
        label=_("Store visitors' IP addresses"),
        choices=IpStorage.choices,
        help_text=_("Counts for new visits; what is stored stays."),
    )
    # What would go was read for these very values.
    confirmed = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, account: Account) -> None:
        self.kinds = [kind.field for kind in keeping.kinds()]
        names = [*self.kinds, "ip_storage"]
        super().__init__(data, initial={name: getattr(account, name) for name in names})
        for kind in keeping.kinds():
            verbose = Account._meta.get_field(kind.field).verbose_name  # type: ignore[union-attr]
            field = forms.IntegerField(
                label=capfirst(str(verbose)),
                required=False,
                min_value=kind.least,
                max_value=LONGEST,
                help_text=_("At least %(days)s days.") % {"days": kind.least}
                if kind.least > 1
                else "",
            )
            field.widget.attrs |= {"class": "input", "inputmode": "numeric"}
            self.fields[kind.field] = field

    def kept(self) -> list[forms.BoundField]:
        return [self[name] for name in self.kinds]

    def days(self) -> dict[str, int | None]:
        return {name: self.cleaned_data[name] for name in self.kinds}

    def fields_to_store(self) -> dict[str, Any]:
        return self.days() | {"ip_storage": self.cleaned_data["ip_storage"]}

    def fingerprint(self) -> str:
        """Tells whether what was confirmed is what is sent."""
        return hashlib.sha256(repr(sorted(self.days().items())).encode()).hexdigest()

    def is_confirmed(self) -> bool:
        return self.cleaned_data["confirmed"] == self.fingerprint()
