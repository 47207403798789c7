"""What the visitor card is drawn with: places, phones, clocks, the shop's values."""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from django import template
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.templatetags.messages_text import preview_text
from supportdesk.accounts.models import Account
from visitors import location, phones
from visitors.customer import ShownItem
from visitors.models import Visit
from visitors.trail import time_there

register = template.Library()

# Longer values fold; what is shown of them ends here.
_FOLDS, _SHOWN = 160, 120
_is_web = URLValidator(schemes=["http", "https"])


@register.filter
def place(visit: Visit) -> str:
    """Such as "Leipzig, Germany"; empty where nothing is known."""
    if not visit.country:
        return ""
    country = location.country_name(visit.country)
    return f"{visit.city}, {country}" if visit.city else country


@register.simple_tag
def places_credit(visit: Visit) -> location.Credit | None:
    """Whom a place on this page is owed to; only a database of cities asks for it."""
    return location.credit() if visit.country else None


@register.filter
def time_of(visit: Visit, account: Account) -> str:
    """What the visitor's clock shows, if it is not the same here.

    As text: a template would show the moment in the agents' own zone.
    """
    there = time_there(visit, account)
    return f"{there:%H:%M}" if there else ""


@register.filter
def phone(text: str, account: Account) -> str:
    return phones.display(text, phones.region_of(account))


@register.filter
def phone_link(text: str, account: Account) -> str:
    return phones.link(text, phones.region_of(account)) if text else ""


@register.filter
def page_path(url: str) -> str:
    """An address without what all addresses of a shop begin with."""
    parts = _split(url)
    if parts is None:
        return url
    rest = parts[2] or "/"
    return f"{rest}?{parts[3]}" if parts[3] else rest


@register.filter
def host(url: str) -> str:
    parts = _split(url)
    return parts[1] if parts and parts[1] else url


@register.filter
def customer_value(item: ShownItem) -> SafeString | str:
    """A value as text; an address of the web or of mail, and only that, as a link."""
    value = item.value
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    text = str(value) if value is not None else ""
    if not isinstance(value, str) or not text:
        return text or "\N{EN DASH}"
    if _is(_is_web, text):
        return _link(text, text, "_blank")
    if _is(validate_email, text):
        # Quoted: a question mark would begin further recipients.
        return _link(f"mailto:{quote(text, safe='@')}", text, "_self")
    if len(text) <= _FOLDS:
        return preview_text(text)
    return format_html(
        '<details class="fold"><summary><span>{}…</span><span>{}</span></summary>'
        "{}</details>",
        preview_text(text[:_SHOWN]),
        _("Show less"),
        preview_text(text),
    )


def _link(address: str, text: str, target: str) -> SafeString:
    shown = text.removeprefix("https://").removesuffix("/")
    if len(shown) > _FOLDS:
        shown = f"{shown[:_SHOWN]}…"
    return format_html(
        '<a class="link" href="{}" rel="noopener noreferrer nofollow" target="{}">{}</a>',
        address,
        target,
        shown,
    )


def _is(validate: Callable[[str], None], text: str) -> bool:
    try:
        validate(text)
    except ValidationError:
        return False
    return True


def _split(url: str) -> tuple[str, str, str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc, parts.path, parts.query
