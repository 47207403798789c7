"""Agents who have more than a password."""

import json
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)

# What a browser sent once when a key was registered with "localhost".
CREDENTIAL: dict[str, Any] = {
    "id": "a2V5LW9mLXRoZS10ZXN0cw",
    "rawId": "a2V5LW9mLXRoZS10ZXN0cw",
    "type": "public-key",
    "clientExtensionResults": {},
    "response": {
        "clientDataJSON": (
            "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiZUhoNGVIaDRl"
            "SGg0ZUhoNGVIaDRlSGg0ZUhoNGVIaDRlSGg0ZUhoNGVIZyIsIm9yaWdpbiI6Imh0"
            "dHA6Ly9sb2NhbGhvc3QiLCJjcm9zc09yaWdpbiI6ZmFsc2V9"
        ),
        "attestationObject": (
            "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViUSZYN5YgOjGh0NBcPZHZgW4_k"
            "rrmihjLHmVzzuoMdl2NBAAAAAAAAAAAAAAAAAAAAAAAAAAAAEGtleS1vZi10aGUt"
            "dGVzdHOlAQIDJiABIVggSASw4uZxZhKTRfdSYn77IdDXmsw7ypXuxu7A1rAUc8Ai"
            "WCDyu8nNjn3decGyMtyg5QuTkU2eJHg48e4qGeIx9KzSKQ"
        ),
    },
}

# What is no answer of a key, or only looks like one.
NONSENSE = [
    *("", "{}", "[]", "null", "x", '{"id": 1}', '{"response": {}}', '{"id": "-"}'),
    json.dumps(
        CREDENTIAL | {"response": {"clientDataJSON": "e30", "signature": "e30"}}
    ),
    json.dumps(CREDENTIAL | {"response": {"attestationObject": "oA"}}),
    json.dumps(
        CREDENTIAL
        | {"response": {**CREDENTIAL["response"], "attestationObject": "o2NmbXQ"}}
    ),
    json.dumps(
        CREDENTIAL
        | {
            "response": {
                "clientDataJSON": CREDENTIAL["response"]["clientDataJSON"],
                "authenticatorData": "AAAA",
                "signature": "AAAA",
            }
        }
    ),
]


def add_app(agent):
    """An app with recovery codes; returns its secret."""
    secret = generate_totp_secret()
    TOTP.activate(agent, secret)
    RecoveryCodes.activate(agent)
    return secret


def code_for(secret):
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def add_key(agent, name="Key"):
    """A security key as the database keeps one."""
    return Authenticator.objects.create(
        user=agent, type="webauthn", data={"name": name, "credential": CREDENTIAL}
    )
