"""API tokens: keys for programs of an account, such as its shop's server."""

import hashlib
import re
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, ApiToken, User
from supportdesk.core.text import redact_line

NAME_LENGTH = 80
# What is listed must stay a list that people can read.
MAX_TOKENS = 50
_PREFIX, _SHOWN = "sd_", 12
_TOKEN = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")
_USE_NOTED_EVERY = timedelta(minutes=1)


def hash_api_token(token: str) -> str:
    """What the database keeps; empty for what cannot be a token at all.

    Without salt and slow rounds: nobody guesses 256 random bits.
    """
    if not _TOKEN.fullmatch(token):
        return ""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def create_api_token(
    *, account: Account, agent: User, name: str
) -> tuple[ApiToken, str]:
    """Make a token; returns it and its text, which is said only here.

    Card numbers in the name are hidden. Raises AccountError without a name and when
    there are too many.
    """
    name = redact_line(name, NAME_LENGTH)
    if not name:
        raise AccountError(_("Enter a name."))
    # The account row is the lock for "is there room".
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if ApiToken.objects.valid().filter(account=account).count() >= MAX_TOKENS:
        raise AccountError(
            _("At most %(max)s tokens. Revoke one that is not needed any more.")
            % {"max": MAX_TOKENS}
        )
    text = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        account=account,
        name=name,
        token_hash=hash_api_token(text),
        prefix=text[:_SHOWN],
        agent=agent,
    )
    audit.record("api_token.created", account_id=account.pk, by=agent, target=token)
    return token, text


@transaction.atomic
def revoke_api_token(*, token: ApiToken) -> bool:
    """Make a token worthless; returns whether it was worth something."""
    changed = ApiToken.objects.valid().filter(pk=token.pk)
    if not changed.update(revoked_at=timezone.now()):
        return False
    audit.record("api_token.revoked", account_id=token.account_id, target=token)
    return True


def use_api_token(token_hash: str) -> ApiToken | None:
    """The valid token of a hash, with its account; its use is noted once a minute.

    An unknown token costs the same query as a revoked one.
    """
    token = (
        ApiToken.objects.valid()
        .select_related("account")
        .filter(token_hash=token_hash)
        .first()
    )
    now = timezone.now()
    if token is None or (
        token.last_used_at and token.last_used_at > now - _USE_NOTED_EVERY
    ):
        return token
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.last_used_at = now
    return token
