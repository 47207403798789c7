"""The address of the page a visitor writes from, without what it may give away."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from supportdesk.core.redaction import redact
from supportdesk.core.text import clean_line, redact_line

MAX_URL, MAX_TITLE, MAX_CAMPAIGN = 2000, 200, 100
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_SECRET_PARTS = (
    *("token", "passw", "passwd", "secret", "signature", "session", "apikey"),
    *("auth", "mail", "credential", "jwt"),
)
_SECRETS = frozenset(
    (
        *("key", "code", "sig", "pw", "pwd", "pass", "otp", "pin", "sid", "hash"),
        *("hmac", "state", "ticket", "nonce", "phone", "tel", "iban", "ssn"),
        *("reset", "verify", "confirm", "activate", "invite", "otc", "magic"),
    )
)
# The word before a secret in a path, as shops write their links.
_BEFORE_SECRETS = frozenset(
    (
        *("reset", "password-reset", "reset-password", "set-password", "recover"),
        *("token", "verify", "confirm", "activate", "activation", "invite"),
        *("unsubscribe", "zuruecksetzen", "bestaetigen", "aktivieren", "einladung"),
        *("abmelden", "freischalten"),
    )
)
HIDDEN = "…"
_IN_PATH = "/:@!$&'()*+,;=~"
# Bounded on both sides of the sign, so that no text takes long.
_EMAIL = re.compile(r"[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# A JSON web token, or a key in hexadecimal digits.
_TOKEN = re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*|\b[0-9a-fA-F]{32,128}\b")


def clean_page(page: Any) -> dict[str, str]:
    """`url` and `title` as they may be stored; empty for what is no page."""
    if not isinstance(page, dict):
        return {}
    url, title = page.get("url"), page.get("title")
    cleaned = {
        "url": clean_url(url) if isinstance(url, str) else "",
        "title": redact_line(title, MAX_TITLE) if isinstance(title, str) else "",
    }
    return {name: value for name, value in cleaned.items() if value}


def clean_url(url: str) -> str:
    """A web address without credentials, secrets, card numbers and places in a page."""
    try:
        parts = urlsplit(clean_line(url, MAX_URL * 4))
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    netloc = f"{host}:{port}" if port else host
    query = [
        (redact(name).text, _hidden(redact(value).text))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _is_secret(name)
    ]
    path = _clean_path(redact(unquote(parts.path)).text)
    cleaned = urlunsplit(
        (
            parts.scheme,
            netloc,
            quote(path, safe=_IN_PATH),
            urlencode(query),
            _route(parts.fragment),
        )
    )
    cleaned = redact_line(cleaned, MAX_URL)
    # A card number may hide in the name of the host, which is no address then.
    return cleaned if host_of(cleaned) == parts.hostname else ""


def host_of(url: str) -> str:
    """The host that an address names; empty for what is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def campaign_of(url: str) -> dict[str, str]:
    """The campaign parameters of a cleaned address, without their prefix."""
    query = dict(parse_qsl(urlsplit(url).query))
    found = {
        name.removeprefix("utm_"): redact_line(query[name], MAX_CAMPAIGN)
        for name in _CAMPAIGN
        if name in query
    }
    return {name: value for name, value in found.items() if value}


def clean_referrer(referrer: Any, url: str) -> str:
    """Where the visitor came from; empty if that was the website itself."""
    cleaned = clean_url(referrer) if isinstance(referrer, str) else ""
    return "" if host_of(cleaned) == host_of(url) else cleaned


def _route(fragment: str) -> str:
    """The path that some pages without reload keep behind "#"; else nothing."""
    if not fragment.startswith(("/", "!/")):
        return ""
    path = fragment.partition("?")[0]
    return quote(_clean_path(redact(unquote(path)).text), safe=_IN_PATH)


def _clean_path(path: str) -> str:
    """Without addresses of people, and without what follows a word such as "reset":
    the links of mails carry their secret there."""
    cleaned, follows = [], False
    for part in path.split("/"):
        cleaned.append(HIDDEN if part and follows else _hidden(part))
        follows = follows or part.lower() in _BEFORE_SECRETS
    return "/".join(cleaned)


def _hidden(text: str) -> str:
    return _TOKEN.sub(HIDDEN, _EMAIL.sub(HIDDEN, text))


def _is_secret(name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in _SECRETS or any(part in plain for part in _SECRET_PARTS)
