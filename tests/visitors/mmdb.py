"""A database in MaxMind's format that says the same of every address."""

import struct
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"
_STRING, _UINT16, _UINT32, _MAP, _UINT64, _ARRAY = 2, 5, 6, 7, 9, 11


def write_mmdb(record: dict[str, Any], kind: str) -> bytes:
    # One node whose both sides are the record: 16 bytes of zeros part tree and data.
    node_count = 1
    pointer = struct.pack(">I", node_count + 16)[1:]
    metadata = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1_760_000_000),
        "database_type": kind,
        "description": {"en": kind},
        "ip_version": (_UINT16, 6),
        "languages": ["en"],
        "node_count": (_UINT32, node_count),
        "record_size": (_UINT16, 24),
    }
    return pointer * 2 + bytes(16) + _encode(record) + _MARK + _encode(metadata)


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        content = value.encode()
        return _control(_STRING, len(content)) + content
    if isinstance(value, dict):
        parts = (_encode(key) + _encode(each) for key, each in value.items())
        return _control(_MAP, len(value)) + b"".join(parts)
    if isinstance(value, list):
        return _control(_ARRAY, len(value)) + b"".join(map(_encode, value))
    if isinstance(value, int):
        value = (_UINT32, value)
    kind, number = value
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return _control(kind, len(content)) + content


def _control(kind: int, size: int) -> bytes:
    more = b""
    if size >= 285:
        size, more = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, more = 29, bytes([size - 29])
    if kind > 7:
        return bytes([size, kind - 7]) + more
    return bytes([kind << 5 | size]) + more
