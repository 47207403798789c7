"""Whose address it is, behind a counted chain of proxies."""

import ipaddress
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def of_request(request: HttpRequest) -> str:
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return _resolve(str(request.META.get("REMOTE_ADDR", "")), forwarded)


def of_scope(scope: dict[str, Any]) -> str:
    """The same for a socket."""
    client = scope.get("client") or ("",)
    # Several headers of one name are one list, in this order.
    forwarded = ",".join(
        value.decode("latin-1")
        for name, value in scope.get("headers", ())
        if name == b"x-forwarded-for"
    )
    return _resolve(str(client[0]), forwarded)


def limit_key(address: str) -> str:
    """What rate limits count by: one IPv6 customer owns at least a whole /64."""
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def shortened(address: str) -> str:
    """The network it is in: /24, or /48 for IPv6; empty for what is no address."""
    parsed = _parse(address)
    if parsed is None:
        return ""
    bits = 24 if isinstance(parsed, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)


def _resolve(peer: str, forwarded: str) -> str:
    """Walk the header from its trusted end; the left end is whatever a client says."""
    address = _parse(peer)
    if address is None:
        return ""
    for entry in reversed(forwarded.split(",")):
        if not _is_trusted(address):
            break
        earlier = _parse(entry.strip())
        if earlier is None:
            break
        address = earlier
    return str(address)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_trusted(address: Address) -> bool:
    return any(address in net for net in _networks(tuple(settings.TRUSTED_PROXIES)))


@cache
def _networks(
    texts: Iterable[str],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
