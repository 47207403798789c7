"""Whether the shop's server really said who a visitor is.

It signs the values with the website's secret; here the signature is compared, and
bound to the first browser that brings it: one that was read from somebody's page is
worth nothing elsewhere.
"""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import redis.exceptions
from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

from channels_integration.website.inputs import Input
from channels_integration.website.models import IdentitySecret, VisitorSession
from supportdesk.core import redis as desk_redis
from supportdesk.core.sealing import SealBroken, unseal
from visitors.exceptions import VisitorError
from visitors.services import check_user_id

logger = logging.getLogger(__name__)

CONTACT = ("name", "email", "phone")
# How far ahead a signature may end; the clocks of two servers are never the same.
LONGEST, CLOCKS_APART = 24 * 3600, 300
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


class Reason(StrEnum):
    """Why an identity is not verified."""

    NONE = ""
    UNSIGNED = "unsigned"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    USED = "used"
    NO_SECRET = "no_secret"  # noqa: S105 - a word, not one


class IdentityError(Exception):
    """A value that could never be right, by its name, with a sentence for people."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(field)
        self.errors = {field: sentence}


class Unavailable(Exception):
    """Redis does not answer: nobody can say whether a signature was used before."""


@dataclass(frozen=True)
class Claim:
    """Who the page says the visitor is; empty for what it does not say."""

    user_id: str = ""
    email: str = ""
    name: str = ""
    phone: str = ""
    expires: int = 0
    signature: str = ""

    @property
    def contact(self) -> dict[str, str]:
        values = {name: getattr(self, name) for name in CONTACT}
        return {name: value for name, value in values.items() if value}

    @property
    def signed_text(self) -> bytes:
        parts = (self.user_id, self.email, self.name, self.phone, str(self.expires))
        return "\n".join(parts).encode(errors="surrogatepass")


def read_claim(content: Input) -> Claim:
    """The claim of a request; raises BadRequest and IdentityError."""
    claim = Claim(
        user_id=_user_id(content),
        expires=_whole(content, "expires"),
        signature=_text(content, "signature"),
        **{name: _text(content, name) for name in CONTACT},
    )
    if claim.user_id or claim.signature:
        try:
            check_user_id(claim.user_id)
        except VisitorError as error:
            raise IdentityError("user_id", str(error)) from None
    if claim.signature:
        # A line break would let one signature stand for several sets of values.
        for name, value in claim.contact.items():
            if "\n" in value or "\r" in value:
                raise IdentityError(name, _("This must be in one line."))
    return claim


def _text(content: Input, name: str) -> str:
    """A text; pages also say "nothing" by null."""
    return "" if content.get(name) is None else content.text(name)


def _user_id(content: Input) -> str:
    """Shops count their customers: a number is its digits."""
    if isinstance(content.get("user_id"), int):
        return str(_whole(content, "user_id"))
    return _text(content, "user_id")


def _whole(content: Input, name: str) -> int:
    """A whole number; large enough for milliseconds, which are told they are wrong."""
    value = 0 if content.get(name) is None else content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**18:
        raise BadRequest
    return value


def verify(claim: Claim, session: VisitorSession) -> Reason:
    """Why the claim does not count for this browser, or `Reason.NONE`.

    A signature that counts belongs to this browser from now on. Raises Unavailable.
    """
    if not claim.signature:
        return Reason.UNSIGNED
    known = list(_secrets(session.channel_id))
    if not known:
        return Reason.NO_SECRET
    if not any(_matches(claim, secret) for secret in known):
        return Reason.SIGNATURE
    now = time.time()
    if not now < claim.expires <= now + LONGEST + CLOCKS_APART:
        return Reason.EXPIRED
    if not _bind(claim, session):
        return Reason.USED
    return Reason.NONE


def _secrets(channel_id: int) -> Iterator[str]:
    row = IdentitySecret.objects.filter(channel=channel_id).first()
    if row is None:
        return
    sealed = [row.sealed]
    if row.former_good_until is not None:
        sealed.append(row.former_sealed)
    for text in sealed:
        try:
            yield unseal(text)
        except SealBroken:
            logger.warning("identity secret of channel %s cannot be opened", channel_id)


def _matches(claim: Claim, secret: str) -> bool:
    if not _SIGNATURE.fullmatch(claim.signature):
        return False
    expected = sign(claim, secret)
    return secrets.compare_digest(expected, claim.signature)


def sign(claim: Claim, secret: str) -> str:
    return hmac.new(secret.encode(), claim.signed_text, hashlib.sha256).hexdigest()


def _bind(claim: Claim, session: VisitorSession) -> bool:
    """Whether the signature is this browser's, which the first one to bring it is."""
    key = desk_redis.key("identity", session.channel_id, claim.signature)
    try:
        redis_client = desk_redis.client()
        # Kept for as long as the signature is worth something.
        taken = redis_client.set(key, session.pk, nx=True, exat=claim.expires + 1)
        return bool(taken) or redis_client.get(key) == str(session.pk)
    except redis.exceptions.RedisError:
        raise Unavailable from None
