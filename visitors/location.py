"""Where an address is, from lists on this machine: nothing asks a service.

A package that is installed with the desk knows the country, from the lists of the
internet registries. An operator's own database (`GEOIP_DATABASE`, in MaxMind's format)
comes first and knows the city. Neither may ever break a request.
"""

import ipaddress
import logging
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import maxminddb
from babel import Locale
from django.conf import settings
from django.utils.translation import get_language
from iptocc import country_code

from supportdesk.core.text import clean_line

logger = logging.getLogger(__name__)

CITY_LENGTH = 100
# What the makers of databases ask for, by the beginning of the database's type.
_CREDITS = {
    "DBIP": ("IP Geolocation by DB-IP", "https://db-ip.com"),
    "Geo": ("GeoLite data by MaxMind", "https://www.maxmind.com"),
    "ipinfo": ("IP address data by IPinfo", "https://ipinfo.io"),
}


@dataclass(frozen=True)
class Place:
    """A country by its two letters, and a city; both may be empty."""

    country: str = ""
    city: str = ""


@dataclass(frozen=True)
class Credit:
    text: str
    url: str


@lru_cache(4096)
def locate(ip: str, language: str = "en") -> Place:
    """The place of a public address; an empty one for what is none or unknown.

    The city is written in `language` where the database knows it.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return Place()
    address = getattr(address, "ipv4_mapped", None) or address
    if not address.is_global:
        return Place()
    found = _from_own_database(str(address), language)
    return found or Place(country=_two_letters(country_code(str(address))))


def country_name(code: str) -> str:
    """In the language of the reader; an unknown code stays as it is."""
    name = _locale((get_language() or "en")[:2]).territories.get(code, code)
    return str(name)


def credit() -> Credit | None:
    """Whom the operator's database asks to name wherever its places are shown."""
    reader = _reader(settings.GEOIP_DATABASE)
    if reader is None:
        return None
    kind = reader.metadata().database_type
    for start, (text, url) in _CREDITS.items():
        if kind.lower().startswith(start.lower()):
            return Credit(text, url)
    return None


def database_error() -> str:
    """Why the operator's database cannot be read; empty if it can, or if there is none."""
    path = settings.GEOIP_DATABASE
    if not path:
        return ""
    if not Path(path).is_file():
        return "there is no such file"
    try:
        with maxminddb.open_database(path, maxminddb.MODE_AUTO) as reader:
            reader.get("8.8.8.8")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def forget() -> None:
    """Read the database anew, for tests that change the setting."""
    locate.cache_clear()
    _reader.cache_clear()


@cache
def _reader(path: str) -> maxminddb.Reader | None:
    if not path:
        return None
    try:
        return maxminddb.open_database(path, maxminddb.MODE_AUTO)
    except Exception:
        # A broken file breaks in many ways; the system check says it aloud.
        logger.warning("GEOIP_DATABASE cannot be read")
        return None


def _from_own_database(ip: str, language: str) -> Place | None:
    reader = _reader(settings.GEOIP_DATABASE)
    if reader is None:
        return None
    try:
        return _place(reader.get(ip), language)
    except Exception:
        # Whatever a damaged file makes of it: a page view counts without a place, too.
        logger.warning("GEOIP_DATABASE is damaged")
        return None


def _place(record: Any, language: str) -> Place | None:
    """Of a record like MaxMind's, or of a flat one with `country_code` and `city`."""
    if not isinstance(record, dict):
        return None
    country, city = record.get("country"), record.get("city")
    if isinstance(country, dict):
        country = country.get("iso_code")
    if isinstance(city, dict):
        names = city.get("names") or {}
        city = names.get(language) or names.get("en")
    code = _two_letters(record.get("country_code") or country)
    if not code:
        return None
    return Place(code, clean_line(city, CITY_LENGTH) if isinstance(city, str) else "")


def _two_letters(code: Any) -> str:
    if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
        return code.upper()
    return ""


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)
