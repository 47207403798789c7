"""Who may not write: asked with every request and message, so remembered.

A change is told to the caches at once; in other processes what they remember lasts
another second.
"""

import ipaddress
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import redis.exceptions
from django.core.cache import cache
from django.utils import timezone

from visitors.models import Block, Visitor

logger = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Ends = dict[int, datetime | None]

AGE = 5
"""Seconds for which all processes believe what one of them has read."""

REMEMBERED = 1.0
"""Seconds for which a process does not even ask the cache."""


@dataclass
class Blocks:
    """An account's blocks, by what is looked up."""

    visitors: Ends = field(default_factory=dict)
    # By version and length: an address is cut to each length that occurs.
    networks: dict[tuple[int, int], Ends] = field(default_factory=dict)


_remembered: dict[int, tuple[float, Blocks]] = {}


def is_blocked(account_id: int, visitor: Visitor | None, ip: str) -> bool:
    """Whether the visitor, a profile it is part of, or the address is blocked now."""
    blocks = _blocks_of(account_id)
    now = timezone.now()
    ends = [
        *(blocks.visitors[pk] for pk in _chain(visitor) if pk in blocks.visitors),
        *_of_address(blocks, ip),
    ]
    return any(end is None or end > now for end in ends)


def contains(network: str, ip: str) -> bool:
    """Whether the address is in the network; never for what is no address."""
    try:
        return ipaddress.ip_address(ip) in ipaddress.ip_network(network)
    except ValueError:
        return False


def forget(account_id: int) -> None:
    """The account's blocks have changed."""
    _remembered.pop(account_id, None)
    try:
        cache.delete(_key(account_id))
    except redis.exceptions.RedisError:
        logger.warning("blocks not forgotten: Redis does not answer")


def _chain(visitor: Visitor | None) -> Iterator[int]:
    while visitor is not None:
        yield visitor.pk
        visitor = visitor.merged_into


def _of_address(blocks: Blocks, ip: str) -> Iterator[datetime | None]:
    if not blocks.networks:
        return
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return
    for (version, length), ends in blocks.networks.items():
        if version != address.version:
            continue
        start = int(address) >> (address.max_prefixlen - length)
        if start in ends:
            yield ends[start]


def _blocks_of(account_id: int) -> Blocks:
    now = time.monotonic()
    until, blocks = _remembered.get(account_id, (0.0, None))
    if blocks is None or until < now:
        blocks = _shared(account_id)
        _remembered[account_id] = (now + REMEMBERED, blocks)
    return blocks


def _shared(account_id: int) -> Blocks:
    try:
        blocks: Blocks | None = cache.get(_key(account_id))
        if blocks is None:
            blocks = _read(account_id)
            cache.set(_key(account_id), blocks, AGE)
    except redis.exceptions.RedisError:
        return _read(account_id)
    return blocks


def _read(account_id: int) -> Blocks:
    blocks = Blocks()
    rows = Block.objects.filter(account_id=account_id).in_force()
    for visitor_id, text, ends_at in rows.values_list(
        "visitor", "network", "ends_at"
    ).order_by():
        if visitor_id is not None:
            blocks.visitors[visitor_id] = ends_at
            continue
        network = ipaddress.ip_network(text)
        length = network.prefixlen
        start = int(network.network_address) >> (network.max_prefixlen - length)
        blocks.networks.setdefault((network.version, length), {})[start] = ends_at
    return blocks


def _key(account_id: int) -> str:
    return f"visitor-blocks:{account_id}"
