import uuid
from collections.abc import Iterable
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account
from supportdesk.accounts.models.fields import EmailAddressField, Language
from supportdesk.accounts.people import initials
from supportdesk.accounts.querysets import UserManager


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    FULL = "full", _("Full access")
    AGENT = "agent", _("Agent")


class Presence(models.TextChoices):
    ONLINE = "online", _("Online")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Offline")


class User(AbstractBaseUser):
    """An agent of an account, or (without an account) the platform operator."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="agents",
        verbose_name=_("account"),
    )
    email = EmailAddressField(
        _("e-mail address"),
        max_length=254,
        unique=True,
        error_messages={"unique": _("This e-mail address is already in use.")},
    )
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(
        _("role"), max_length=10, choices=Role.choices, default=Role.AGENT
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Inactive agents cannot sign in and receive nothing."),
    )
    # What the agent chose; whether they are reachable also needs a device, see
    # `presence.py`.
    presence = models.CharField(
        _("presence"), max_length=10, choices=Presence.choices, default=Presence.ONLINE
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.ENGLISH
    )
    picture = models.ImageField(_("picture"), upload_to="pictures/", blank=True)
    enter_sends = models.BooleanField(
        _("Enter sends"),
        default=False,
        help_text=_("Otherwise Ctrl+Enter sends and Enter begins a new line."),
    )
    is_superuser = models.BooleanField(
        _("platform operator"),
        default=False,
        help_text=_("Sees the accounts of this installation, but no dashboard."),
    )
    # The last sign of life, to the minute; signing in is only one of them.
    last_seen_at = models.DateTimeField(_("last active"), null=True, blank=True)
    # Who takes over the open conversations of an agent who was switched off.
    successor = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(account__isnull=False) | models.Q(is_superuser=True),
                name="user_has_account_unless_operator",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """May open Django admin; what is in there is decided by role."""
        return self.is_superuser or self.role in (Role.OWNER, Role.FULL)

    @property
    def has_full_access(self) -> bool:
        return self.account_id is not None and self.role in (Role.OWNER, Role.FULL)

    @property
    def is_owner(self) -> bool:
        return self.account_id is not None and self.role == Role.OWNER

    @cached_property
    def group_ids(self) -> frozenset[int]:
        return frozenset(self.groups.values_list("pk", flat=True))

    @cached_property
    def has_second_factor(self) -> bool:
        return (
            type(self)
            .objects.filter(pk=self.pk)
            .with_second_factor()
            .filter(second_factor=True)
            .exists()
        )

    @property
    def lacks_second_factor(self) -> bool:
        """Whether the account asks for one that the agent has yet to set up."""
        asked = self.account is not None and self.account.two_factor_required
        return asked and not self.has_second_factor

    @property
    def sees_all_groups(self) -> bool:
        """Full access, or an agent in no group, who counts for every group."""
        return self.has_full_access or not self.group_ids

    @property
    def first_name(self) -> str:
        return (self.name or self.email).split()[0]

    @property
    def initials(self) -> str:
        return initials(self.name, self.email)

    @property
    def hue(self) -> int:
        """One of the eight avatar colours, the same for this agent everywhere."""
        return (self.pk or 0) % 8 + 1

    # Django's permission protocol: admin asks by these. What a role may do with
    # which rows is decided by the admin classes; here is only who gets in.

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name
