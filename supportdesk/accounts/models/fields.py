from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.core.time_zones import known_time_zones


def validate_time_zone(name: str) -> None:
    if name not in known_time_zones():
        raise ValidationError(_("Unknown time zone."))


class EmailAddressField(models.EmailField):
    """Stored in lower case: one spelling, one person."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    GERMAN = "de", _("German")
