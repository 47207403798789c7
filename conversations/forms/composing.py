"""What an agent writes: answers and notes with their files."""

import uuid
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from conversations.exceptions import AttachmentError
from conversations.models import Message
from conversations.services.attachments import CheckedUpload, check_upload
from conversations.services.posting import MAX_TEXT_LENGTH
from conversations.services.thread import Seen

MAX_FILES = 10
# What the database can compare.
MAX_SEQ = 2**31 - 1


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


class PublicIdsField(forms.Field):
    """Which of some things, by their public ids; the same field several times."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, max_number: int) -> None:
        super().__init__(required=False)
        self.max_number = max_number

    def clean(self, value: Any) -> list[uuid.UUID]:
        values = value or []
        if len(values) > self.max_number:
            raise forms.ValidationError(
                _("At most %(max)s files at once."), params={"max": self.max_number}
            )
        one = forms.UUIDField()
        return [one.clean(text) for text in values]


class SeqField(forms.IntegerField):
    """A number that the page was given by the desk."""

    def __init__(self) -> None:
        again = dict.fromkeys(
            ("invalid", "min_value", "max_value"), _("Please send it once more.")
        )
        super().__init__(
            required=False, min_value=0, max_value=MAX_SEQ, error_messages=again
        )


class SeenForm(forms.Form):
    """What a page shows of a thread."""

    # The last entry on the screen, and how often the entries had got other numbers.
    seen_seq = SeqField()
    numbering = SeqField()

    @property
    def seen(self) -> Seen | None:
        """Of a valid form; None if the page did not say."""
        seq = self.cleaned_data["seen_seq"]
        if seq is None:
            return None
        return Seen(seq, self.cleaned_data["numbering"])


class ComposerForm(SeenForm):
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
    # Files of canned replies, which the desk has already.
    canned_files = PublicIdsField(max_number=MAX_FILES)

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
        if self.errors:
            return values
        number = len(values["files"]) + len(values["canned_files"])
        if not values["text"].strip() and not number:
            self.add_error("text", _("The message is empty."))
        elif number > MAX_FILES:
            self.add_error(
                "files",
                forms.ValidationError(
                    _("At most %(max)s files at once."), params={"max": MAX_FILES}
                ),
            )
        return values


def fresh_composer(kind: str = Message.Kind.MESSAGE) -> ComposerForm:
    """Empty, under a new name: what is sent from it is stored once."""
    return ComposerForm(initial={"client_id": uuid.uuid4(), "kind": kind})
