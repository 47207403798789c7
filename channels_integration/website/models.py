import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Channel, Conversation
from visitors.models import Visitor


def new_token() -> str:
    """What the browser keeps: 256 random bits, worth one visitor."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What the database keeps: a copy of it opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


class VisitorSession(models.Model):
    """One browser of a visitor on one website."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="sessions")
    # The conversation this browser goes on with.
    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    # The customer's id, if the shop signed that it is theirs: these share a thread.
    signed_as = models.CharField(max_length=255, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("visitor session")
        verbose_name_plural = _("visitor sessions")
        indexes = [
            models.Index(
                fields=["channel", "signed_as"],
                condition=~models.Q(signed_as=""),
                name="session_signed_as",
            )
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} @ {self.channel_id}"

    @property
    def profile(self) -> Visitor:
        """Whose browser it is: the visitor, or the profile that it is part of now."""
        return self.visitor.profile


class IdentitySecret(models.Model):
    """What the shop's server signs identities with; sealed, see `core.sealing`."""

    channel = models.OneToOneField(
        Channel, models.CASCADE, primary_key=True, related_name="identity_secret"
    )
    sealed = models.TextField()
    # The former one, good until the shop has the new one in place.
    former_sealed = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("identity secret")
        verbose_name_plural = _("identity secrets")

    def __str__(self) -> str:
        return str(self.channel_id)

    @property
    def version(self) -> str:
        return self.created_at.isoformat()

    @property
    def former_good_until(self) -> datetime | None:
        """Until when the former one counts, if it still does."""
        until = self.former_until
        return until if until is not None and until > timezone.now() else None
