"""System and browser of a session, as people call them."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _
from ua_parser import parse

_PHONES = {"Android", "iOS"}


@dataclass(frozen=True)
class Device:
    browser: str
    system: str

    @property
    def is_phone(self) -> bool:
        return self.system in _PHONES

    def __str__(self) -> str:
        if self.browser and self.system:
            return _("%(browser)s on %(system)s") % {
                "browser": self.browser,
                "system": self.system,
            }
        return self.browser or self.system or _("Unknown device")


@lru_cache(maxsize=512)
def describe(user_agent: str) -> Device:
    """Names without versions: browsers freeze the ones of systems."""
    found = parse(user_agent)
    browser, system = found.user_agent, found.os
    system_name = system.family if system else ""
    return Device(
        browser.family if browser else "",
        "macOS" if system_name == "Mac OS X" else system_name,
    )
