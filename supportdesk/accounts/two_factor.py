"""The second factor: allauth's, with our secrets' seal and our account's rule."""

import ipaddress
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import User
from supportdesk.accounts.querysets import FACTORS
from supportdesk.core.sealing import SealBroken, seal, unseal


def factors_of(agent: User) -> list[Authenticator]:
    """The agent's second factors, the oldest first; recovery codes are none."""
    found = Authenticator.objects.filter(user=agent, type__in=FACTORS)
    return list(found.order_by("created_at", "pk"))


def may_remove(authenticator: Authenticator) -> bool:
    """Whether the agent is left with what their account asks for."""
    agent = User.objects.select_related("account").get(pk=authenticator.user_id)
    if agent.account is None or not agent.account.two_factor_required:
        return True
    return any(factor.pk != authenticator.pk for factor in factors_of(agent))


class TwoFactorAdapter(DefaultMFAAdapter):
    """Nothing here reads the request's host: what it says is the sender's choice."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or it was used before."),
        "cannot_delete_authenticator": _(
            "Your account requires two-factor sign-in. Add another factor first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; in place of one whose key is lost, one that nobody knows.

        An empty one would have codes that everybody can reckon.
        """
        try:
            return unseal(encrypted_text)
        except SealBroken:
            return str(generate_totp_secret())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return may_remove(authenticator)

    def generate_authenticator_name(
        self, user: AbstractBaseUser, type: Authenticator.Type
    ) -> str:
        return gettext("Security key")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        host = urlsplit(settings.SITE_URL).hostname or "localhost"
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return {"id": host, "name": settings.MFA_TOTP_ISSUER}
        # Keys are tied to names only; this machine has one.
        return {"id": "localhost", "name": settings.MFA_TOTP_ISSUER}
