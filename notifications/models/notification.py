import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Message
from notifications.models.bursts import Burst
from notifications.models.preferences import Event
from notifications.querysets import NotificationQuerySet
from supportdesk.accounts.models import Account


class Notification(models.Model):
    """Something told to one recipient in one way: stored first, then sent."""

    class Kind(models.TextChoices):
        TRANSCRIPT = "transcript", _("Transcript")
        MESSAGE = Event.MESSAGE.value, Event.MESSAGE.label
        OFFLINE = Event.OFFLINE.value, Event.OFFLINE.label
        MISSED = Event.MISSED.value, Event.MISSED.label
        ASSIGNED = Event.ASSIGNED.value, Event.ASSIGNED.label
        MENTIONED = Event.MENTIONED.value, Event.MENTIONED.label
        DIGEST = "digest", _("Daily summary")
        TEST = "test", _("Test")

    class Way(models.TextChoices):
        MAIL = "mail", _("E-mail")
        PUSH = "push", _("Browser")

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        # Not needed any more when its turn came: answered meanwhile, or too old.
        CANCELLED = "cancelled", _("Cancelled")

    # Names the mail to the outside too: a second attempt keeps its Message-ID.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="notifications")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    way = models.CharField(max_length=4, choices=Way.choices, default=Way.MAIL)
    conversation = models.ForeignKey(
        Conversation,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
    )
    # The agent who is told; mails to other addresses have none.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
    )
    recipient_email = models.EmailField(_("recipient"), max_length=254, blank=True)
    burst = models.ForeignKey(
        Burst, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    # The event line or note that it tells of.
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    # What makes two of them the same: the burst of messages, the request, the day.
    occasion = models.CharField(max_length=60)
    data = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    due_at = models.DateTimeField(default=timezone.now)
    # When the queue was told last; a queue may forget.
    queued_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            # What the beat task looks for; almost every row is finished.
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["pending", "sending"]),
                name="notification_unfinished",
            ),
            # The last one that an account sent, for its settings page.
            models.Index(
                fields=["account", "kind", "-created_at"], name="notification_last"
            ),
            # What is older than they are kept.
            models.Index(fields=["created_at"], name="notification_created"),
        ]
        constraints = [
            models.UniqueConstraint(
                "account",
                "kind",
                "way",
                "agent",
                "recipient_email",
                "occasion",
                name="notification_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"
