import uuid
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from conversations.exceptions import AttachmentError
from conversations.models import Message
from conversations.services.attachments import CheckedUpload, check_upload
from conversations.services.posting import MAX_TEXT_LENGTH
from supportdesk.accounts.models import AgentGroup, User

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
