"""What browsers send about tags; what a name may be is the service's matter."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from conversations.models import Tag
from conversations.services.tags import DESCRIPTION_LENGTH, HUES, NAME_LENGTH
from supportdesk.accounts.models import User

COLOURS = (
    _("Red"),
    _("Orange"),
    _("Yellow"),
    _("Green"),
    _("Turquoise"),
    _("Blue"),
    _("Violet"),
    _("Pink"),
)
_MAX_KEY = 2**63 - 1


class TaggingForm(forms.Form):
    """A tag by its key, or by a name that may be new."""

    tag = forms.IntegerField(required=False, min_value=1, max_value=_MAX_KEY)
    name = forms.CharField(required=False, max_length=1000)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not values["tag"] and not values["name"]:
            self.add_error("name", _("Please enter a name."))
        return values


class TagForm(forms.Form):
    """A tag as the settings describe it."""

    name = forms.CharField(label=_("Name"), max_length=1000)
    hue = forms.TypedChoiceField(
        label=_("Colour"),
        coerce=int,
        choices=list(zip(HUES, COLOURS, strict=True)),
        widget=forms.RadioSelect,
    )
    description = forms.CharField(
        label=_("Description"), required=False, max_length=2000
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The browser stops there; who gets past it is told by the service.
        for name, length in (
            ("name", NAME_LENGTH),
            ("description", DESCRIPTION_LENGTH),
        ):
            self.fields[name].widget.attrs.update(
                {"class": "input", "maxlength": str(length), "autocomplete": "off"}
            )

    @classmethod
    def of(cls, tag: Tag) -> "TagForm":
        initial = {
            "name": tag.name,
            "hue": tag.hue,
            "description": tag.description,
        }
        return cls(initial=initial, prefix=f"tag-{tag.pk}")


class MergeForm(forms.Form):
    """Into which of the account's other tags."""

    into = forms.ModelChoiceField(
        Tag.objects.none(),
        error_messages={
            "required": _("Please choose a tag."),
            "invalid_choice": _("This tag does not exist any more."),
        },
    )

    def __init__(self, *args: Any, agent: User, tag: Tag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Tag.objects.visible_to(agent).offered().exclude(pk=tag.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]
