"""Addresses under which an agent's answer to a mail finds its conversation.

Each names one conversation and one agent, and only the desk can make it. It gives no
right by itself: who answers is checked besides, see `services.answering`.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "notifications.reply_addresses"
_CONVERSATION_BYTES, _AGENT_BYTES, _MAC_BYTES = 6, 5, 16
_IDS_BYTES = _CONVERSATION_BYTES + _AGENT_BYTES
# 27 bytes at five bits a letter; base32 wants multiples of eight letters.
_TOKEN_LENGTH, _PADDING = 44, "===="


@dataclass(frozen=True)
class ReplyTo:
    """Whose answer to what arrives at an address."""

    conversation_id: int
    agent_id: int


def reply_address(*, conversation_id: int, agent_id: int) -> str | None:
    """Where this agent's answer belongs; None while mails cannot be answered."""
    around = _around_token()
    if around is None:
        return None
    ids = conversation_id.to_bytes(_CONVERSATION_BYTES) + agent_id.to_bytes(
        _AGENT_BYTES
    )
    before, after = around
    return f"{before}{_encoded(ids + _mac(ids, settings.SECRET_KEY))}{after}"


def verify(address: str) -> ReplyTo | None:
    """What an address stands for; None for every one that the desk did not make."""
    around = _around_token()
    # Lower case turns some other letters into ASCII ones.
    if around is None or not address.isascii():
        return None
    before, after = around
    address = address.lower()
    token = address[len(before) : len(address) - len(after)]
    if len(token) != _TOKEN_LENGTH or address != f"{before}{token}{after}":
        return None
    try:
        signed = base64.b32decode(f"{token.upper()}{_PADDING}")
    except binascii.Error:
        return None
    # The last letter has bits to spare, which would give one token many spellings.
    if _encoded(signed) != token:
        return None
    ids, mac = signed[:_IDS_BYTES], signed[_IDS_BYTES:]
    if not any(constant_time_compare(mac, known) for known in _macs(ids)):
        return None
    return ReplyTo(
        conversation_id=int.from_bytes(ids[:_CONVERSATION_BYTES]),
        agent_id=int.from_bytes(ids[_CONVERSATION_BYTES:]),
    )


def _around_token() -> tuple[str, str] | None:
    """What stands before and after the token; plus addressing if nothing else is said."""
    address = settings.REPLY_ADDRESS.lower()
    if not address:
        return None
    if "{token}" not in address:
        name, _, domain = address.rpartition("@")
        return f"{name}+", f"@{domain}"
    before, _, after = address.partition("{token}")
    return before, after


def _encoded(signed: bytes) -> str:
    # Lower case, because some mail servers make it so.
    return base64.b32encode(signed).decode().rstrip("=").lower()


def _macs(ids: bytes) -> Iterator[bytes]:
    """Also under former keys: who answers an old mail does not know of a new one."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _mac(ids, key)


def _mac(ids: bytes, key: str) -> bytes:
    full = salted_hmac(_SALT, ids, secret=key, algorithm="sha256").digest()
    return full[:_MAC_BYTES]
