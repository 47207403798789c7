"""System and browser of a visit, no more exact than what the browser gives away.

Browsers freeze what their user agent says: Windows is always 10, macOS 10.15, and
Android in Chrome 10. A frozen version is not shown; client hints tell the true one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ua_parser import parse

from supportdesk.core.text import redact_line

MAX_USER_AGENT, MAX_HINT, MAX_BRANDS = 400, 60, 10
_WINDOWS_11 = 13
_BRANDS = {"Google Chrome": "Chrome", "Microsoft Edge": "Edge"}
_REAL_IOS = 18


@dataclass(frozen=True)
class Device:
    system: str
    browser: str
    is_phone: bool


def clean_hints(sent: Any) -> dict[str, Any]:
    """Client hints as they may be stored; what is of a wrong type is left out."""
    if not isinstance(sent, dict):
        return {}
    hints: dict[str, Any] = {
        name: redact_line(sent[name], MAX_HINT)
        for name in ("platform", "platformVersion", "model")
        if isinstance(sent.get(name), str)
    }
    if sent.get("mobile") is True:
        hints["mobile"] = True
    if sent.get("touch") is True:
        hints["touch"] = True
    listed = sent.get("fullVersionList")
    if isinstance(listed, list):
        hints["brands"] = [
            [redact_line(entry["brand"], MAX_HINT), _major(entry["version"])]
            for entry in listed[:MAX_BRANDS]
            if isinstance(entry, dict)
            and isinstance(entry.get("brand"), str)
            and isinstance(entry.get("version"), str)
        ]
    return {name: value for name, value in hints.items() if value}


def describe(user_agent: str, hints: Mapping[str, Any]) -> Device:
    family, version, browser, browser_version = _parsed(user_agent)
    system = _hinted_system(hints) or _told_system(
        user_agent, family, version, browser_version, touch=bool(hints.get("touch"))
    )
    return Device(
        system=system,
        browser=_hinted_browser(hints.get("brands", ()))
        or " ".join(part for part in (browser, browser_version) if part),
        is_phone=bool(hints.get("mobile")) or family in {"Android", "iOS"},
    )


@lru_cache(1024)
def _parsed(user_agent: str) -> tuple[str, str, str, str]:
    """Family and version of the system, then of the browser; empty for unknown ones."""
    found = parse(user_agent)
    system, browser = found.os, found.user_agent
    version = ".".join(
        part for part in (system and system.major, system and system.minor) if part
    )
    return (
        system.family if system else "",
        version,
        browser.family if browser else "",
        (browser.major or "") if browser else "",
    )


def _hinted_system(hints: Mapping[str, Any]) -> str:
    platform, version = hints.get("platform", ""), hints.get("platformVersion", "")
    major = _major(version)
    if not platform or not major:
        return ""
    if platform == "Windows":
        if int(major) >= _WINDOWS_11:
            return "Windows 11"
        return "Windows 10" if int(major) else "Windows 7/8"
    # "14.5.0" is 14.5, "14.0.0" is 14.
    short = re.sub(r"(\.0)+$", "", version)
    parts = (platform, short, hints.get("model") and f"({hints['model']})")
    return " ".join(part for part in parts if part)


def _told_system(
    user_agent: str, family: str, version: str, browser_version: str, *, touch: bool
) -> str:
    major = _major(version)
    if family == "Windows":
        return (
            "Windows 10/11" if major in {"10", "11"} else f"Windows {version}".strip()
        )
    if family == "Mac OS X":
        if touch:
            return "iPadOS"
        return "macOS" if version == "10.15" else f"macOS {version}".strip()
    if family == "Android" and "Android 10; K)" in user_agent:
        return "Android"
    # Safari 26 and later say iOS 18 for ever.
    if family == "iOS" and major == str(_REAL_IOS) and _number(browser_version) > 18:
        return "iOS"
    return f"{family} {version}".strip()


def _hinted_browser(brands: Iterable[Any]) -> str:
    """The brand that is neither made up ("Not A;Brand") nor the engine."""
    real = [
        (name, version)
        for name, version in brands
        if not re.match(r"[^a-z]*not\b", name, re.IGNORECASE)
    ]
    own = [pair for pair in real if pair[0] != "Chromium"] or real
    return f"{_BRANDS.get(own[0][0], own[0][0])} {own[0][1]}".strip() if own else ""


def _major(version: str) -> str:
    found = re.match(r"[0-9]{1,5}", version)
    return found[0] if found else ""


def _number(version: str) -> int:
    return int(_major(version) or 0)
