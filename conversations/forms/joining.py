from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from supportdesk.core.forms import DressedForm


class JoinForm(DressedForm, forms.Form):
    """Which other conversation, and which of the two takes in the other.

    Without an answer to that it is the open one that was active last.
    """

    ACTIVE, THIS, OTHER = "active", "this", "other"
    KEEP = [
        (ACTIVE, _("The open one that was active last")),
        (THIS, _("The one from which you came")),
        (OTHER, _("The other one")),
    ]

    other = forms.ModelChoiceField(
        Conversation.objects.none(),
        label=_("Join with"),
        to_field_name="public_id",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a conversation."),
            "invalid_choice": _("This conversation does not exist any more."),
        },
    )
    keep = forms.ChoiceField(
        label=_("Which one is kept?"),
        choices=KEEP,
        initial=ACTIVE,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, this: Conversation, others: QuerySet[Conversation]
    ) -> None:
        super().__init__(*args)
        self.this = this
        self.fields["other"].queryset = others  # type: ignore[attr-defined]

    def pair(self) -> tuple[Conversation, Conversation]:
        """What is kept, and what goes into it."""
        other: Conversation = self.cleaned_data["other"]
        keep = self.cleaned_data["keep"] or self.ACTIVE
        both = [self.this, other]
        if keep == self.OTHER:
            both.reverse()
        elif keep == self.ACTIVE:
            both.sort(key=lambda row: (row.is_open, row.last_activity_at), reverse=True)
        return both[0], both[1]
