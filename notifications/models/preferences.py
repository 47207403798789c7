from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.querysets import PreferencesManager
from supportdesk.accounts.models import Account, AgentGroup, EmailAddressField


class Event(models.TextChoices):
    """What an agent may want to be told of."""

    MESSAGE = "message", _("New message")
    OFFLINE = "offline", _("Offline message")
    MISSED = "missed", _("Missed conversation")
    ASSIGNED = "assigned", _("Assigned to me")
    MENTIONED = "mentioned", _("Mentioned")


def mailed_events() -> list[str]:
    return [Event.OFFLINE, Event.MISSED, Event.ASSIGNED, Event.MENTIONED]


def all_events() -> list[str]:
    return list(Event.values)


def sounding_events() -> list[str]:
    return [Event.MESSAGE, Event.ASSIGNED, Event.MENTIONED]


class Preferences(models.Model):
    """What one agent is told of, and how; no row means the defaults."""

    agent = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="notification_preferences",
    )
    # Names of events. There is no mail for each new message.
    mail = ArrayField(
        models.CharField(max_length=10), default=mailed_events, blank=True
    )
    browser = ArrayField(
        models.CharField(max_length=10), default=all_events, blank=True
    )
    sound = ArrayField(
        models.CharField(max_length=10), default=sounding_events, blank=True
    )
    # In the account's time zone; the end may be on the next morning. Both or none.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    digest = models.BooleanField(_("daily summary"), default=False)
    away_when_idle = models.BooleanField(
        _("set me offline after 30 minutes without activity"), default=False
    )

    objects = PreferencesManager()

    class Meta:
        verbose_name = _("notification preferences")
        verbose_name_plural = _("notification preferences")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preferences_quiet_both_or_none",
            ),
        ]

    def __str__(self) -> str:
        return str(self.agent_id)

    def is_quiet_at(self, local: time) -> bool:
        """Whether a time of day lies in the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= local < self.quiet_until
        return local >= self.quiet_from or local < self.quiet_until


class NotificationSettings(models.Model):
    """What an account tells of and when; no row means the defaults."""

    account = models.OneToOneField(
        Account,
        models.CASCADE,
        primary_key=True,
        related_name="notification_settings",
    )
    offline = models.BooleanField(_("offline messages"), default=True)
    # Minutes after the first message of a burst.
    offline_delay = models.PositiveSmallIntegerField(_("wait"), default=2)
    offline_with_messages = models.BooleanField(
        _("include the messages in the e-mail"), default=True
    )
    missed = models.BooleanField(_("missed conversations"), default=True)
    # Minutes after the visitor has gone.
    missed_delay = models.PositiveSmallIntegerField(_("wait"), default=1)
    missed_with_messages = models.BooleanField(
        _("include the messages in the e-mail"), default=True
    )

    class Meta:
        verbose_name = _("notification settings")
        verbose_name_plural = _("notification settings")

    def __str__(self) -> str:
        return str(self.account_id)


class ExtraRecipient(models.Model):
    """An address besides the agents, for all conversations or those of one group."""

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="extra_recipients"
    )
    group = models.ForeignKey(
        AgentGroup,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="extra_recipients",
        verbose_name=_("only for group"),
    )
    event = models.CharField(
        max_length=10,
        choices=[
            (Event.OFFLINE.value, Event.OFFLINE.label),
            (Event.MISSED.value, Event.MISSED.label),
        ],
    )
    email = EmailAddressField(_("e-mail address"), max_length=254)

    class Meta:
        verbose_name = _("extra recipient")
        verbose_name_plural = _("extra recipients")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                "account",
                "event",
                "group",
                "email",
                name="extra_recipient_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.email
