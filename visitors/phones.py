"""Phone numbers: one spelling for what people type."""

from collections.abc import Iterable

import phonenumbers
from babel.core import get_global
from phonenumbers import PhoneNumber, PhoneNumberFormat

from supportdesk.accounts.models import Account

_BY_LANGUAGE = {"de": "DE", "en": "GB"}


def region_of(account: Account) -> str:
    """The country whose numbers need no prefix there: that of the account's clock."""
    by_zone = get_global("zone_territories").get(account.time_zone)
    return str(by_zone or _BY_LANGUAGE.get(account.language, ""))


def normalise(text: str, regions: Iterable[str]) -> str | None:
    """As it is stored: with its country if that is sure, else as it was typed.

    None for what cannot be a phone number. The first region that makes it a valid
    number counts.
    """
    possible = False
    for number in _readings(text, regions):
        if phonenumbers.is_valid_number(number) and not number.extension:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
        possible = possible or phonenumbers.is_possible_number(number)
    return text if possible else None


def display(text: str, region: str) -> str:
    """Grouped as in its country; what is no number stays as it was typed."""
    number = _valid(text, region)
    if number is None:
        return text
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def link(text: str, region: str) -> str:
    """A `tel:` address; empty for what nobody could dial."""
    number = _valid(text, region)
    if number is None:
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)


def _valid(text: str, region: str) -> PhoneNumber | None:
    for number in _readings(text, [region]):
        if phonenumbers.is_valid_number(number):
            return number
    return None


def _readings(text: str, regions: Iterable[str]) -> Iterable[PhoneNumber]:
    for region in regions:
        try:
            yield phonenumbers.parse(text, region or None)
        except phonenumbers.NumberParseException:
            continue
