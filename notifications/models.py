import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from notifications.querysets import NotificationQuerySet


class Notification(models.Model):
    """One mail to one recipient: stored first, then sent, so that none is lost."""

    class Kind(models.TextChoices):
        TRANSCRIPT = "transcript", _("Transcript")

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    # Names the mail to the outside too: a second attempt keeps its Message-ID.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="notifications"
    )
    recipient_email = models.EmailField(_("recipient"), max_length=254)
    # What makes two of them the same mail: the burst of messages, the request.
    occasion = models.CharField(max_length=60)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    due_at = models.DateTimeField(default=timezone.now)
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
        ]
        constraints = [
            models.UniqueConstraint(
                "conversation",
                "kind",
                "recipient_email",
                "occasion",
                name="notification_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"
