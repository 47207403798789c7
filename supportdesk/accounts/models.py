import uuid
import zoneinfo
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.people import initials
from supportdesk.accounts.querysets import (
    AgentGroupQuerySet,
    ApiTokenQuerySet,
    UserManager,
)


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone."))


class EmailAddressField(models.EmailField):
    """Stored in lower case: one spelling, one person."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    GERMAN = "de", _("German")


class IpStorage(models.TextChoices):
    FULL = "full", _("In full")
    SHORT = "short", _("Shortened")
    NONE = "none", _("Not at all")


class Account(models.Model):
    """One company using the desk; every row of data belongs to exactly one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=Language.choices,
        default=Language.ENGLISH,
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="Europe/Berlin",
        validators=[validate_time_zone],
    )
    reopen_window_days = models.PositiveSmallIntegerField(
        _("reopen window in days"),
        null=True,
        blank=True,
        help_text=_(
            "A visitor who writes again within this time continues the resolved "
            "conversation; empty means always."
        ),
    )
    ip_storage = models.CharField(
        _("store visitors' IP addresses"),
        max_length=5,
        choices=IpStorage.choices,
        default=IpStorage.FULL,
        help_text=_("Counts for new visits; what is stored stays."),
    )
    show_customer_information = models.BooleanField(
        _("show customer information"),
        default=True,
        help_text=_("What the shop hands over about a visitor, on the visitor card."),
    )
    # Keys of customer information in the order of the card; empty shows all of them.
    customer_keys = models.JSONField(_("fields to show"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


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
        _("presence"),
        max_length=10,
        choices=Presence.choices,
        default=Presence.ONLINE,
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
    sound = models.BooleanField(_("sound on new messages"), default=True)
    is_superuser = models.BooleanField(
        _("platform operator"),
        default=False,
        help_text=_("Sees the accounts of this installation, but no dashboard."),
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


class AgentGroup(models.Model):
    """A department of an account, such as Sales or Repairs."""

    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="groups",
        verbose_name=_("account"),
    )
    key = models.SlugField(
        _("key"), max_length=30, help_text=_("Page code selects the group by it.")
    )
    name = models.CharField(_("name"), max_length=30)
    agents = models.ManyToManyField(
        User, related_name="groups", blank=True, verbose_name=_("agents")
    )

    objects = AgentGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint("account", Lower("key"), name="group_key_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A key for programs of the account, such as its shop's server."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    # The token itself is shown once; its first characters tell tokens apart.
    token_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(_("begins with"), max_length=12)
    agent = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name
