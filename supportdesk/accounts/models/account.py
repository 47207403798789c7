import uuid
import zoneinfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.fields import Language, validate_time_zone
from supportdesk.accounts.querysets import AccountQuerySet


class IpStorage(models.TextChoices):
    FULL = "full", _("In full")
    SHORT = "short", _("Shortened")
    NONE = "none", _("Not at all")


class Assigning(models.TextChoices):
    """How new conversations find their agent."""

    OFF = "off", _("Off")
    ROUND_ROBIN = "round_robin", _("In turn")
    LEAST_BUSY = "least_busy", _("Least busy")


class AssigningRule(models.Model):
    """Automatic assignment, as a group has it and, for all else, the account."""

    assigning = models.CharField(
        _("automatic assignment"),
        max_length=12,
        choices=Assigning.choices,
        default=Assigning.OFF,
    )
    # Open conversations that an agent has at most when given another one.
    assigning_limit = models.PositiveSmallIntegerField(_("at most"), default=10)
    # Who got the last one: the next in turn follows.
    assigned_last = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True


class Keeping(models.Model):
    """For how many days an account keeps what; empty is for ever."""

    keep_conversations_days = models.PositiveSmallIntegerField(
        _("resolved conversations"), null=True, blank=True
    )
    keep_attachments_days = models.PositiveSmallIntegerField(
        _("files in conversations"), null=True, blank=True
    )
    keep_visits_days = models.PositiveSmallIntegerField(
        _("visits and page views"), null=True, blank=True
    )
    keep_visitors_days = models.PositiveSmallIntegerField(
        _("visitors without a conversation"), null=True, blank=True
    )
    keep_history_days = models.PositiveSmallIntegerField(
        _("history"), null=True, blank=True
    )

    class Meta:
        abstract = True


class Account(Keeping, AssigningRule):
    """One company using the desk; every row of data belongs to exactly one.

    Its rule of assignment is for conversations of no group.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.ENGLISH
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
    has_business_hours = models.BooleanField(
        _("business hours"),
        default=False,
        help_text=_("Outside them the chat is offline for new conversations."),
    )
    two_factor_required = models.BooleanField(
        _("two-factor sign-in required"),
        default=False,
        help_text=_("Agents without a second factor set one up before anything else."),
    )
    # When the first steps were done or put away; they are offered until then.
    started_at = models.DateTimeField(_("set up"), null=True, blank=True)
    # By the platform operator: nobody signs in, writes or is told anything.
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # An owner asked for it; until then it can be taken back.
    erase_at = models.DateTimeField(_("to be erased"), null=True, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(keep_history_days__isnull=True)
                | models.Q(keep_history_days__gte=90),
                name="account_keeps_history",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)
