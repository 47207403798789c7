"""Who asks, and how often they may; counted before the database is asked anything."""

import redis.exceptions
from django.http import HttpRequest
from ninja.security.base import AuthBase

from supportdesk.accounts.models import ApiToken
from supportdesk.accounts.tokens import hash_api_token, use_api_token
from supportdesk.api.errors import rate_limited, suspended, unauthorized
from supportdesk.core import client_ip
from supportdesk.core.ratelimit import allow, is_used_up, seconds_to_wait
from supportdesk.core.redis import client, key

REQUEST_RATE = "600/minute"
BAD_RATE = "120/minute"
DESCRIPTION_RATE = "120/minute"
_KNOWN_FOR = 3600


class BearerToken(AuthBase):
    """The account's token. Not the library's own: that logs headers it cannot read."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A token from Settings → API. It begins with `sd_`."

    def __call__(self, request: HttpRequest) -> ApiToken:
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        token_hash = hash_api_token(text) if scheme.lower() == "bearer" else ""
        bad = (BAD_RATE, "api-bad", address_of(request))
        # An address may hold a program with a wrong token and one with a good token.
        if is_used_up(*bad) and not _is_known(token_hash):
            raise rate_limited(seconds_to_wait(*bad))
        token = _find(token_hash) if token_hash else None
        if token is None:
            allow(*bad)
            raise unauthorized(was_given=bool(text))
        _remember(token_hash)
        if token.account.is_suspended:
            raise suspended()
        return token


def limit_description(request: HttpRequest) -> None:
    """The one thing that is to be had without a token."""
    who = (DESCRIPTION_RATE, "api-description", address_of(request))
    if not allow(*who):
        raise rate_limited(seconds_to_wait(*who))


def address_of(request: HttpRequest) -> str:
    return client_ip.limit_key(client_ip.of_request(request))


def _find(token_hash: str) -> ApiToken | None:
    who = (REQUEST_RATE, "api-token", token_hash)
    if not allow(*who):
        raise rate_limited(seconds_to_wait(*who))
    return use_api_token(token_hash)


def _remember(token_hash: str) -> None:
    try:
        client().set(key("api-known", token_hash), "1", ex=_KNOWN_FOR)
    except redis.exceptions.RedisError:
        return


def _is_known(token_hash: str) -> bool:
    """Whether the token was good lately: then the database may be asked again."""
    try:
        return bool(token_hash and client().exists(key("api-known", token_hash)))
    except redis.exceptions.RedisError:
        return True
