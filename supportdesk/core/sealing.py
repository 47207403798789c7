"""Secrets as the database keeps them: a copy of it alone opens nothing."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# The version and the first bytes of the time, for some centuries.
_BEGINNING = "gAAAAA"


class SealBroken(Exception):
    """Sealed under a key that is not known here, or changed since."""


def seal(secret: str) -> str:
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret; raises SealBroken."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None


def is_seal(text: str) -> bool:
    """Whether it looks like what `seal` gives, under whatever key."""
    return text.startswith(_BEGINNING)


def is_current(sealed: str) -> bool:
    """Whether today's key opens it, rather than a former one; none opens it: no."""
    try:
        _key(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    """Sealed with the first key, opened with any: that is how a key is changed."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_key(key) for key in keys])


def _key(secret: str) -> Fernet:
    digest = hashlib.blake2b(secret.encode(), digest_size=32, person=b"desk.sealing")
    return Fernet(base64.urlsafe_b64encode(digest.digest()))
