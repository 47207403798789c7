"""The settings pages' forms: of the account, and of each agent."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notifications.models import (
    Event,
    ExtraRecipient,
    NotificationSettings,
    Preferences,
    all_events,
    mailed_events,
)
from notifications.services.preferences import (
    LONGEST_DELAY,
    MAX_RECIPIENTS,
    RecipientList,
)
from supportdesk.accounts.models import AgentGroup
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import clean_text

# Minutes; the mail about a missed conversation serves nobody when it comes too late.
DELAYS = {Event.OFFLINE: (1, 2, 5, 10, 15, 30, 60), Event.MISSED: (1, 2, 5, 15, 30)}
_BETWEEN = re.compile(r"[\s,;]+")
_LIST_NAME = re.compile(r"(?:offline|missed)_to_")
# Refused before anybody takes it apart.
_LONGEST_LIST = 10_000
_SHOWN_WRONG = 3


class AddressesField(forms.CharField):
    """Addresses, one a line; what comes between them may also be a comma or a space."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(
            attrs={
                "rows": 2,
                "class": "textarea textarea--addresses",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "data-tokens": True,
                "data-add": gettext_lazy("Add address"),
                "data-remove": gettext_lazy("Remove {address}"),
            }
        )
        super().__init__(
            required=False, widget=widget, max_length=_LONGEST_LIST, **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else "\n".join(value)

    def clean(self, value: Any) -> list[str]:
        text = clean_text(super().clean(value))
        found = list(dict.fromkeys(_BETWEEN.split(text.lower()))) if text else []
        found = [address for address in found if address]
        wrong = [address for address in found if not _is_address(address)]
        if wrong:
            raise ValidationError(
                [
                    _("“%(address)s” is not an e-mail address.")
                    % {"address": address[:80]}
                    for address in wrong[:_SHOWN_WRONG]
                ]
            )
        if len(found) > MAX_RECIPIENTS:
            raise ValidationError(
                _("At most %(number)s addresses.") % {"number": MAX_RECIPIENTS}
            )
        return found


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _switch(label: Any, **attrs: Any) -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"class": "switch", "role": "switch", **attrs})
    return forms.BooleanField(label=label, required=False, widget=widget)


def _delay(minutes: int) -> str:
    if minutes == 60:
        return _("1 hour")
    return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {
        "number": minutes
    }


@dataclass
class Panel:
    """One event's part of the account's page."""

    event: Event
    switch: forms.BoundField
    delay: forms.BoundField
    with_messages: forms.BoundField
    to: forms.BoundField
    groups: list[forms.BoundField] = field(default_factory=list)

    @property
    def groups_open(self) -> bool:
        return any(group.errors or group.value() for group in self.groups)


class AccountForm(DressedForm, forms.Form):
    """What the account tells of; the lists of addresses depend on its groups."""

    def __init__(
        self,
        *args: Any,
        settings: NotificationSettings,
        groups: Iterable[AgentGroup],
        recipients: Iterable[ExtraRecipient],
        **kwargs: Any,
    ) -> None:
        initial = {
            name: getattr(settings, name)
            for event in DELAYS
            for name in (event.value, f"{event}_delay", f"{event}_with_messages")
        }
        for row in recipients:
            name = _list_name(row.event, row.group_id)
            initial.setdefault(name, []).append(row.email)
        super().__init__(*args, initial=initial, **kwargs)
        self.lists: dict[str, RecipientList] = {}
        for event in DELAYS:
            self._add(event, list(groups), initial[f"{event}_delay"])

    def _add(self, event: Event, groups: list[AgentGroup], delay: int) -> None:
        self.fields[event.value] = _switch(event.label)
        self.fields[event.value].widget.attrs["aria-label"] = event.label
        self.fields[f"{event}_delay"] = forms.TypedChoiceField(
            label=_("Wait before sending"),
            choices=[
                (minutes, _delay(minutes))
                # What stands there stays choosable, whoever wrote it.
                for minutes in sorted({*DELAYS[event], min(delay, LONGEST_DELAY)})
            ],
            coerce=int,
            widget=forms.Select(attrs={"class": "select"}),
        )
        self.fields[f"{event}_with_messages"] = forms.BooleanField(
            label=_("Include the messages in the e-mail"),
            help_text=_(
                "Card numbers stay hidden. Without this option the e-mail only "
                "contains a link."
            ),
            required=False,
            widget=forms.CheckboxInput(attrs={"class": "check"}),
        )
        self._add_list(event, None, _("Send to"))
        for group in groups:
            self._add_list(event, group.pk, group.name)

    def _add_list(self, event: Event, group_id: int | None, label: str) -> None:
        name = _list_name(event, group_id)
        self.fields[name] = AddressesField(label=label)
        self.lists[name] = (event.value, group_id)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # A group that was deleted while the page was open, or was never this account's.
        if any(_LIST_NAME.match(name) and name not in self.lists for name in self.data):
            raise ValidationError(_("One of the groups has been deleted meanwhile."))
        return cleaned

    def panel(self, event: Event) -> Panel:
        names = [name for name, (of, _group) in self.lists.items() if of == event]
        return Panel(
            event=event,
            switch=self[event.value],
            delay=self[f"{event}_delay"],
            with_messages=self[f"{event}_with_messages"],
            to=self[names[0]],
            groups=[self[name] for name in names[1:]],
        )

    def panels(self) -> list[Panel]:
        return [self.panel(event) for event in DELAYS]

    def changes(self) -> dict[str, Any]:
        """What the service stores: valid values by name."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in self.lists
        }
        lists = {key: self.cleaned_data[name] for name, key in self.lists.items()}
        return {**values, "recipients": lists}


def _list_name(event: str, group_id: int | None) -> str:
    return f"{event}_to" if group_id is None else f"{event}_to_{group_id}"


@dataclass(frozen=True)
class Cell:
    name: str
    label: str
    is_checked: bool
    is_offered: bool


@dataclass(frozen=True)
class Row:
    """One event of the matrix, and whether it is told in each way."""

    event: Event
    description: str
    cells: list[Cell]


def _ways(events: list[str], label: Any) -> forms.MultipleChoiceField:
    choices = [(event, Event(event).label) for event in events]
    return forms.MultipleChoiceField(label=label, required=False, choices=choices)


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )


class PreferencesForm(DressedForm, forms.Form):
    """What one agent is told of, and how."""

    mail = _ways(mailed_events(), gettext_lazy("E-mail"))
    browser = _ways(all_events(), gettext_lazy("Browser"))
    sound = _ways(all_events(), gettext_lazy("Sound"))
    quiet_from = _time(gettext_lazy("From"))
    quiet_until = _time(gettext_lazy("Until"))
    digest = _switch(gettext_lazy("Daily summary"))
    away_when_idle = _switch(
        gettext_lazy("Set me to “Away” after 30 minutes without activity")
    )

    def __init__(
        self, *args: Any, preferences: Preferences, with_digest: bool, **kwargs: Any
    ) -> None:
        initial = {name: getattr(preferences, name) for name in self.base_fields}
        super().__init__(*args, initial=initial, **kwargs)
        if with_digest:
            self.fields["digest"].widget.attrs["aria-label"] = _("Daily summary")
        else:
            del self.fields["digest"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if self.errors.keys() & {"quiet_from", "quiet_until"}:
            return cleaned
        if (begins is None) != (ends is None):
            missing = "quiet_from" if begins is None else "quiet_until"
            self.add_error(missing, _("Enter both times, or none."))
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("The end must differ from the beginning."))
        return cleaned

    def clean_quiet_from(self) -> time | None:
        return _minute(self.cleaned_data["quiet_from"])

    def clean_quiet_until(self) -> time | None:
        return _minute(self.cleaned_data["quiet_until"])

    def rows(self) -> list[Row]:
        return [
            Row(event, _descriptions()[event], [self._cell(way, event) for way in WAYS])
            for event in Event
        ]

    def _cell(self, way: str, event: Event) -> Cell:
        bound = self[way]
        return Cell(
            name=way,
            label=str(bound.label),
            is_checked=event.value in (bound.value() or ()),
            is_offered=way != "mail" or event.value in mailed_events(),
        )


WAYS = ("mail", "browser", "sound")


def _minute(value: time | None) -> time | None:
    return value and value.replace(second=0, microsecond=0)


def _descriptions() -> dict[Event, str]:
    return {
        Event.MESSAGE: _("In a conversation that is yours, or nobody's yet."),
        Event.OFFLINE: _("A visitor writes while nobody who may answer is online."),
        Event.MISSED: _("A visitor leaves the website before anybody has replied."),
        Event.ASSIGNED: _("A colleague assigns a conversation to you."),
        Event.MENTIONED: _("A colleague mentions you in a private note."),
    }
