import secrets
import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account
from supportdesk.accounts.models.agent import Role, User
from supportdesk.accounts.models.fields import EmailAddressField, Language
from supportdesk.accounts.models.group import AgentGroup
from supportdesk.accounts.people import initials
from supportdesk.accounts.querysets import InvitationQuerySet


def new_nonce() -> str:
    return secrets.token_urlsafe(24)


class Invitation(models.Model):
    """A place in the account that waits for somebody to take it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Invited")
        EXPIRED = "expired", _("Expired")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="invitations", verbose_name=_("account")
    )
    email = EmailAddressField(_("e-mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(
        _("role"), max_length=10, choices=Role.choices, default=Role.AGENT
    )
    groups = models.ManyToManyField(
        AgentGroup, related_name="+", blank=True, verbose_name=_("groups")
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.ENGLISH
    )
    # What the link is signed with besides: a new one makes former links worthless.
    nonce = models.CharField(max_length=40, default=new_nonce, editable=False)
    invited_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    # The last mail could not be handed over; another try may be under way.
    unsent_at = models.DateTimeField(_("could not be sent"), null=True, blank=True)
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    # Who came of it.
    agent = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agent"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="invitation_email_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def state_at(self, now: datetime) -> State:
        if self.accepted_at is not None:
            return self.State.ACCEPTED
        if self.revoked_at is not None:
            return self.State.REVOKED
        return self.State.PENDING if now < self.expires_at else self.State.EXPIRED

    @property
    def state(self) -> State:
        return self.state_at(timezone.now())

    @property
    def is_unsent(self) -> bool:
        """Whether nobody waits for an answer because the link never left."""
        return self.unsent_at is not None and self.state == self.State.PENDING

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def hue(self) -> int:
        return (self.pk or 0) % 8 + 1
