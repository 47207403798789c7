"""What is done with one conversation, or with many at once."""

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.services.bulk import MAX_BULK
from conversations.services.posting import MAX_TEXT_LENGTH
from conversations.snoozing import LABELS, until_of
from supportdesk.accounts.models import (
    AgentGroup,
    Presence,
    User,
)
from supportdesk.core.forms import DressedForm


def first_error(form: forms.Form) -> ConversationError:
    """What a refusal says of a form that a button sent."""
    [[message, *_more], *_fields] = form.errors.values()
    return ConversationError(message)


class AgentForm(forms.Form):
    """One of the colleagues."""

    agent = forms.ModelChoiceField(
        User.objects.none(),
        error_messages={
            "required": _("Please choose an agent."),
            "invalid_choice": _("This agent cannot be assigned."),
        },
    )

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agent"].queryset = User.objects.visible_to(agent)  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    """One of the account's groups, or none."""

    group = forms.ModelChoiceField(
        AgentGroup.objects.none(),
        required=False,
        error_messages={"invalid_choice": _("This group does not exist any more.")},
    )

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = AgentGroup.objects.visible_to(agent)  # type: ignore[attr-defined]


class SnoozeForm(forms.Form):
    """One of the usual times, or a moment of one's own; in the account's zone."""

    choice = forms.ChoiceField(required=False, choices=list(LABELS.items()))
    at = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M"])

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return values
        if values["choice"]:
            tz = timezone.get_current_timezone()
            values["moment"] = until_of(values["choice"], timezone.now(), tz)
        elif values["at"]:
            values["moment"] = values["at"]
        else:
            raise forms.ValidationError(_("Please choose a time."))
        return values


class IdsField(forms.Field):
    """Public ids of rows that are selected."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: list[str] | None) -> list[uuid.UUID]:
        texts = set(value or [])
        if not texts:
            raise forms.ValidationError(_("Select at least one conversation."))
        if len(texts) > MAX_BULK:
            raise forms.ValidationError(
                _("At most %(max)s conversations at once."), params={"max": MAX_BULK}
            )
        try:
            return list({uuid.UUID(text) for text in texts})
        except ValueError:
            raise forms.ValidationError(
                _("Select at least one conversation.")
            ) from None


class BulkForm(forms.Form):
    """What is to be done (`verb` or `verb:value`) with which rows."""

    ids = IdsField()
    do = forms.CharField(
        max_length=60, error_messages={"required": _("Please choose what to do.")}
    )

    def clean_do(self) -> tuple[str, str]:
        verb, _colon, value = self.cleaned_data["do"].partition(":")
        return verb, value


class PriorityForm(forms.Form):
    """How urgent it is."""

    priority = forms.TypedChoiceField(
        choices=Conversation.Priority.choices,
        coerce=int,
        error_messages={
            "required": _("Please choose a priority."),
            "invalid_choice": _("Please choose a priority."),
        },
    )


class TransferForm(DressedForm, forms.Form):
    """To whom a conversation is handed on; `states` says who is there."""

    agents = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label=_("Colleagues"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("This agent cannot be assigned.")},
    )
    group = forms.ModelChoiceField(
        AgentGroup.objects.none(),
        label=_("Group"),
        required=False,
        empty_label=_("Leave it as it is"),
        error_messages={"invalid_choice": _("This group does not exist any more.")},
    )
    note = forms.CharField(
        label=_("Note for colleagues"),
        required=False,
        # Longer than that is not worth the look for card numbers.
        max_length=MAX_TEXT_LENGTH * 4,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The visitor never sees it. @name tells a colleague of it."),
    )
    leaves = forms.BooleanField(
        label=_("Leave the conversation"), required=False, initial=True
    )
    # Tells a form that is sent twice.
    client_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, agent: User, states: dict[int, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.states = states
        colleagues = User.objects.visible_to(agent).active().exclude(pk=agent.pk)
        self.fields["agents"].queryset = colleagues.by_name()  # type: ignore[attr-defined]
        self.fields["group"].queryset = AgentGroup.objects.visible_to(agent)  # type: ignore[attr-defined]

    def people(self) -> Iterator[tuple[Any, str]]:
        """Each colleague's checkbox, and whether they are there."""
        for box in self["agents"]:
            # Of a list of choices the value is an object that holds the key.
            key = getattr(box.data["value"], "value", box.data["value"])
            yield box, str(Presence(self.states.get(key, Presence.OFFLINE)).label)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not values["agents"] and not values["group"]:
            self.add_error(None, _("Choose a colleague or a group."))
        return values
