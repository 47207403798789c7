import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from conversations.exceptions import AttachmentError
from conversations.models import Message
from conversations.services.attachments import CheckedUpload, check_upload
from conversations.services.posting import MAX_TEXT_LENGTH
from supportdesk.accounts.models import Account, AgentGroup, IpStorage, User

MAX_FILES = 10
MAX_KEY = 2**63 - 1


class MultipleFileInput(forms.FileInput):
    allow_multiple_selected = True


class UploadsField(forms.FileField):
    """Several files, each checked by its content."""

    widget = MultipleFileInput

    def clean(
        self, data: list[UploadedFile] | None, initial: Any = None
    ) -> list[CheckedUpload]:
        files = [upload for upload in data or [] if upload]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(
                _("At most %(max)s files at once."), params={"max": MAX_FILES}
            )
        uploads, errors = [], []
        for upload in files:
            try:
                uploads.append(check_upload(upload))
            except AttachmentError as error:
                errors.append(str(error))
        if errors:
            raise forms.ValidationError(errors)
        return uploads


class ComposerForm(forms.Form):
    """An answer or a note; what the text must be is the service's matter."""

    text = forms.CharField(required=False, strip=False)
    client_id = forms.UUIDField(
        error_messages={"required": _("Please send it once more.")}
    )
    kind = forms.ChoiceField(
        required=False,
        choices=[(Message.Kind.MESSAGE, ""), (Message.Kind.NOTE, "")],
    )
    then = forms.ChoiceField(required=False, choices=[("resolve", "")])
    files = UploadsField(required=False)  # type: ignore[assignment]

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if len(text) > MAX_TEXT_LENGTH * 4:
            # Not worth the look for card numbers; the service says the exact limit.
            raise forms.ValidationError(
                _("The message is too long: at most %(max)s characters."),
                params={"max": MAX_TEXT_LENGTH},
            )
        return text

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not values["text"].strip() and not values["files"]:
            self.add_error("text", _("The message is empty."))
        return values


def fresh_composer(kind: str = Message.Kind.MESSAGE) -> ComposerForm:
    """Empty, under a new name: what is sent from it is stored once."""
    return ComposerForm(initial={"client_id": uuid.uuid4(), "kind": kind})


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
    ip_storage = forms.ChoiceField(
        label=_("Store visitors' IP addresses"),
        choices=IpStorage.choices,
        help_text=_("Counts for new visits; what is stored stays."),
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
            "ip_storage": account.ip_storage,
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
            "ip_storage": self.cleaned_data["ip_storage"],
        }
