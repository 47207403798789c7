import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_integration.website.config import (
    MAX_TEXT,
    TEXTS,
    Ask,
    Side,
    Theme,
    WebsiteConfig,
    normalise_domain,
)
from conversations.models import Channel
from supportdesk.accounts.models import AgentGroup, Language, User
from supportdesk.core.forms import DressedForm, dress
from supportdesk.core.text import redact_line

MAX_DOMAINS = 50

_DOMAIN = re.compile(r"(https?://)?(\*\.)?[^\s/:*]+(:\d{1,5})?(/\S*)?", re.IGNORECASE)
_ASK = [
    (Ask.NO.value, _("Do not ask")),
    (Ask.OPTIONAL.value, _("Optional")),
    (Ask.REQUIRED.value, _("Required")),
]
_TEXT_LABELS = {
    "title": _("Title of the chat box"),
    "subtitle": _("Line below the title"),
    "greet": _("Greeting beside the launcher"),
    "welcome": _("Heading before the chat"),
    "intro": _("Text before the chat"),
    "offline": _("Heading when nobody is there"),
    "offline_intro": _("Text above the contact form"),
}


class DomainsField(forms.CharField):
    """Domains, one in a line; each that is none is named in the error."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        names = (super().to_python(value) or "").replace(",", " ").split()
        if len(names) > MAX_DOMAINS:
            raise ValidationError(
                gettext("At most %(count)d domains.") % {"count": MAX_DOMAINS}
            )
        domains = [_domain(name) for name in names]
        wrong = [
            name for name, domain in zip(names, domains, strict=True) if not domain
        ]
        if wrong:
            raise ValidationError(
                [
                    gettext("“%(name)s” is not a domain.") % {"name": name[:80]}
                    for name in wrong
                ]
            )
        return list(dict.fromkeys(domains))


def _domain(name: str) -> str:
    """The host that was meant, or nothing."""
    if len(name) > 255 or not _DOMAIN.fullmatch(name):
        return ""
    domain = normalise_domain(name)
    # A wildcard over a whole ending, such as `*.com`, allows half of the web.
    if domain.startswith("*.") and "." not in domain[2:]:
        return ""
    return domain


class WebsiteForm(DressedForm, forms.Form):
    """Everything that can be set on a website, as `WebsiteConfig` reads it."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_active = forms.BooleanField(
        label=_("The chat is switched on"),
        required=False,
        initial=True,
        help_text=_("Switched off, it disappears from the website."),
    )
    allowed_domains = DomainsField(
        label=_("Allowed domains"),
        required=False,
        max_length=20_000,
        help_text=_(
            "One per line, for example shop.example.com or *.example.com. "
            "The chat appears only there."
        ),
    )
    color = forms.CharField(
        label=_("Accent colour"),
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Choose a colour."))],
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    theme = forms.ChoiceField(
        label=_("Brightness"),
        choices=[
            (Theme.LIGHT.value, _("Light")),
            (Theme.DARK.value, _("Dark")),
            (Theme.AUTO.value, _("As the visitor's device")),
        ],
    )
    side = forms.ChoiceField(
        label=_("Position"),
        choices=[
            (Side.RIGHT.value, _("Bottom right")),
            (Side.LEFT.value, _("Bottom left")),
        ],
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the page")), *Language.choices],
    )
    prechat = forms.BooleanField(label=_("Show a form before the chat"), required=False)
    ask_name = forms.ChoiceField(label=_("Name of the visitor"), choices=_ASK)
    ask_email = forms.ChoiceField(label=_("E-mail of the visitor"), choices=_ASK)
    ask_phone = forms.ChoiceField(label=_("Phone of the visitor"), choices=_ASK)
    ask_group = forms.BooleanField(
        label=_("Let visitors choose a group"), required=False
    )
    rating = forms.BooleanField(
        label=_("Ask for a rating when a conversation is resolved"), required=False
    )
    track = forms.BooleanField(
        label=_("Show visitors before they write"),
        required=False,
        help_text=_(
            "Agents see who is on the website and can start a conversation. Browsers "
            "are then remembered from the first page on; otherwise only once the chat "
            "was opened."
        ),
    )
    group = forms.ModelChoiceField(
        AgentGroup.objects.none(),
        label=_("Group"),
        required=False,
        empty_label=_("No group"),
        error_messages={"invalid_choice": _("This group does not exist any more.")},
        help_text=_(
            "New conversations go there, unless the page or the visitor chooses another."
        ),
    )
    privacy_url = forms.URLField(
        label=_("Address of the privacy notice"),
        required=False,
        max_length=500,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
    )

    def __init__(
        self,
        *args: Any,
        agent: User,
        channel: Channel | None = None,
        **kwargs: Any,
    ) -> None:
        self.channel = channel
        super().__init__(*args, initial=_initial(channel), **kwargs)
        self.fields["group"].queryset = AgentGroup.objects.visible_to(agent)  # type: ignore[attr-defined]
        self.fields["color"].widget.attrs["class"] = "input input--color"
        for language in Language.values:
            for text, label in _TEXT_LABELS.items():
                field = forms.CharField(
                    label=label,
                    required=False,
                    max_length=MAX_TEXT,
                    widget=forms.TextInput(attrs={"lang": language}),
                )
                dress(field.widget)
                self.fields[text_field(language, text)] = field

    def text_fields(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The fields of each language, for the template."""
        for language, label in Language.choices:
            yield (
                str(label),
                [self[text_field(language, text)] for text in _TEXT_LABELS],
            )

    def clean_name(self) -> str:
        name = redact_line(self.cleaned_data["name"], 80)
        if not name:
            raise ValidationError(_("Enter a name."))
        return name

    def clean_color(self) -> str:
        return str(self.cleaned_data["color"]).lower()

    def config(self) -> dict[str, Any]:
        """What to store; settings that this form does not know of stay."""
        values = {**self.cleaned_data}
        values.pop("name")
        values.pop("is_active")
        values.pop("group")
        texts = {
            language: {
                text: value
                for text in TEXTS
                if (
                    value := redact_line(
                        values.pop(text_field(language, text)), MAX_TEXT
                    )
                )
            }
            for language in Language.values
        }
        stored = self.channel.config if self.channel else {}
        return {**stored, **values, "texts": texts}


def text_field(language: str, text: str) -> str:
    return f"text_{language}_{text}"


def _initial(channel: Channel | None) -> dict[str, Any]:
    config = WebsiteConfig.parse(channel.config if channel else {})
    values = asdict(config)
    texts = values.pop("texts")
    for language in Language.values:
        for text, value in texts.get(language, {}).items():
            values[text_field(language, text)] = value
    if channel:
        values |= {
            "name": channel.name,
            "is_active": channel.is_active,
            "group": channel.group_id,
        }
    return values


class FirstWebsiteForm(DressedForm, forms.Form):
    """What a website needs at least: where it is."""

    domain = forms.CharField(
        label=_("Address of your website"),
        max_length=255,
        help_text=_("For example shop.example.com. The chat appears only there."),
        widget=forms.TextInput(
            attrs={"autocomplete": "url", "inputmode": "url", "spellcheck": "false"}
        ),
    )

    def clean_domain(self) -> str:
        entered = str(self.cleaned_data["domain"])
        domain = _domain(entered)
        if not domain or domain.startswith("*."):
            raise ValidationError(
                gettext("“%(name)s” is not a domain.") % {"name": entered[:80]}
            )
        return domain
