"""Form fields that wear the desk's classes."""

from typing import Any

from django import forms

_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "check"),
    (forms.RadioSelect, "check"),
    (forms.CheckboxInput, "check"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "input"),
    (forms.Widget, "input"),
)


class DressedForm(forms.BaseForm):
    """Gives each widget its class and leaves labels to say what a field is for."""

    large = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            dress(field.widget, large=self.large)


def dress(widget: forms.Widget, *, large: bool = False) -> None:
    css = next(css for kind, css in _CLASSES if isinstance(widget, kind))
    if large and css == "input":
        css += " input--lg"
    widget.attrs.setdefault("class", css)
    widget.attrs.pop("placeholder", None)
