"""Texts that are written once and sent often."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.forms.composing import MAX_FILES, PublicIdsField, UploadsField
from conversations.services.canned_replies import (
    MAX_TEXT_LENGTH as MAX_CANNED_LENGTH,
)
from conversations.services.canned_replies import MAX_TITLE_LENGTH
from supportdesk.accounts.models import (
    User,
)
from supportdesk.core.forms import DressedForm


class CannedReplyForm(DressedForm, forms.Form):
    """A canned reply; the service decides what its text and shortcut may be."""

    shortcut = forms.CharField(
        label=_("Shortcut"),
        max_length=100,
        help_text=_("What is typed after the slash: one word."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )
    title = forms.CharField(
        label=_("Title"), required=False, max_length=MAX_TITLE_LENGTH
    )
    # Longer than that is not worth the look for card numbers.
    text = forms.CharField(
        label=_("Text"),
        max_length=MAX_CANNED_LENGTH * 2,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )
    is_shared = forms.BooleanField(
        label=_("Shared with all colleagues"), required=False
    )
    files = UploadsField(required=False, label=_("Add files"))  # type: ignore[assignment]
    removed = PublicIdsField(max_number=MAX_FILES)

    def __init__(self, *args: Any, agent: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not agent.has_full_access:
            del self.fields["is_shared"]

    def fields_to_store(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "shortcut": values["shortcut"],
            "title": values["title"],
            "text": values["text"],
            "is_shared": values.get("is_shared", False),
            "uploads": values["files"],
            "removed": values["removed"],
        }
