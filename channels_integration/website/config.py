"""What can be set on a website; parsed on load, so old rows keep working."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self, TypeVar

from supportdesk.accounts.models import Language
from supportdesk.core.text import clean_line

MAX_TEXT = 300
DEFAULT_COLOR = "#3f46c8"
TEXTS = ("title", "subtitle", "welcome", "intro", "offline", "offline_intro", "greet")
"""Texts a website may replace, per language; empty means the built-in one."""


Chosen = TypeVar("Chosen", bound=StrEnum)


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    AUTO = "auto"


class Side(StrEnum):
    RIGHT = "right"
    LEFT = "left"


class Ask(StrEnum):
    """Whether a form asks for something."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class WebsiteConfig:
    allowed_domains: tuple[str, ...] = ()
    color: str = DEFAULT_COLOR
    theme: Theme = Theme.LIGHT
    side: Side = Side.RIGHT
    # Empty: the language of the page.
    language: str = ""
    prechat: bool = False
    ask_name: Ask = Ask.OPTIONAL
    ask_email: Ask = Ask.OPTIONAL
    ask_phone: Ask = Ask.NO
    ask_group: bool = False
    rating: bool = True
    # Tell the desk of visitors from their first page on, not from the first opening.
    track: bool = True
    privacy_url: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, config: Any) -> Self:
        """Read a channel's settings; what is missing or odd falls back to the default."""
        if not isinstance(config, dict):
            return cls()
        return cls(
            allowed_domains=_domains(config.get("allowed_domains")),
            color=_color(config.get("color")),
            theme=_choice(Theme, config.get("theme"), Theme.LIGHT),
            side=_choice(Side, config.get("side"), Side.RIGHT),
            language=_language(config.get("language")),
            prechat=config.get("prechat") is True,
            ask_name=_choice(Ask, config.get("ask_name"), Ask.OPTIONAL),
            ask_email=_choice(Ask, config.get("ask_email"), Ask.OPTIONAL),
            ask_phone=_choice(Ask, config.get("ask_phone"), Ask.NO),
            ask_group=config.get("ask_group") is True,
            rating=config.get("rating") is not False,
            track=config.get("track") is not False,
            privacy_url=_web_address(config.get("privacy_url")),
            texts=_texts(config.get("texts")),
        )

    def texts_for(self, language: str) -> dict[str, str]:
        return dict(self.texts.get(language, {}))


def normalise_domain(text: str) -> str:
    """`https://Shop.Example.com/x` as the host it names; empty if it names none."""
    text = re.sub(r"^[a-z]+://", "", text.strip().lower()).split("/")[0]
    wildcard, host = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    host, colon, port = host.partition(":")
    try:
        host = host.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return ""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
        return ""
    if colon and not port.isascii():
        return ""
    return wildcard + host + (f":{port}" if port.isdigit() else "")


def _domains(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    found = (normalise_domain(item) for item in value if isinstance(item, str))
    return tuple(dict.fromkeys(domain for domain in found if domain))


def _color(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        return value.lower()
    return DEFAULT_COLOR


def _choice(kind: type[Chosen], value: Any, default: Chosen) -> Chosen:
    return kind(value) if isinstance(value, str) and value in set(kind) else default


def _language(value: Any) -> str:
    return value if value in Language.values else ""


def _web_address(value: Any) -> str:
    if isinstance(value, str) and re.match(r"https?://[^\s/]", value):
        return clean_line(value, 500)
    return ""


def _texts(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    found: dict[str, dict[str, str]] = {}
    for language in Language.values:
        texts = value.get(language)
        if isinstance(texts, dict):
            found[language] = {
                name: clean_line(texts[name], MAX_TEXT)
                for name in TEXTS
                if isinstance(texts.get(name), str) and texts[name].strip()
            }
    return found
