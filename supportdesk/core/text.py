"""Cleaning of text that people and programs send, before anything is stored."""

import re

from supportdesk.core.redaction import Redacted, redact

# NUL cannot be stored, lone surrogates cannot be encoded, the other controls
# have no business in a conversation; tab and line breaks stay.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Overrides and isolates that make a text read other than it is.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINE_BREAKS = re.compile(r"\r\n?")


def clean_text(text: str) -> str:
    """Text as it may be stored and shown: no controls, no direction overrides."""
    text = _LINE_BREAKS.sub("\n", text)
    return _BIDI_CONTROLS.sub("", _UNPRINTABLE.sub("", text)).strip()


def clean_line(text: str, max_length: int) -> str:
    """One line for a field or a title, cut to `max_length` characters."""
    return " ".join(clean_text(text).split())[:max_length].strip()


def redact_text(text: str) -> Redacted:
    """Clean, then hide card numbers."""
    return redact(clean_text(text))


def redact_line(text: str, max_length: int) -> str:
    """Clean to one line, hide card numbers, cut: in this order.

    Groups of digits that stood far apart become neighbours in the line, and a card
    number that is cut is not recognised any more.
    """
    line = " ".join(clean_text(text).split())
    return redact(line).text[:max_length].strip()
