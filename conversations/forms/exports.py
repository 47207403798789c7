from django import forms
from django.utils.translation import gettext_lazy as _

from supportdesk.core.forms import DressedForm


class ConversationExportForm(DressedForm, forms.Form):
    """How one conversation is written out; without an answer as text, in full."""

    FORMATS = [("text", _("Text")), ("pdf", _("PDF")), ("json", _("JSON"))]
    CONTENTS = [
        ("all", _("Everything, with notes and event lines")),
        ("visitor", _("What the visitor saw")),
    ]

    format = forms.ChoiceField(
        label=_("Format"), choices=FORMATS, widget=forms.RadioSelect
    )
    content = forms.ChoiceField(
        label=_("Content"), choices=CONTENTS, widget=forms.RadioSelect
    )
