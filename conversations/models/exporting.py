import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.querysets import ExportQuerySet
from supportdesk.accounts.models import Account


class Export(models.Model):
    """The results of a search on their way into a file, and then the file."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being written")
        DONE = "done", _("Ready")
        ENDED = "ended", _("Ended")

    class Reason(models.TextChoices):
        """Why one ended without a file."""

        RIGHTS = "rights", _("What you may see has changed meanwhile.")
        FAILED = "failed", _("It could not be written. Please try again.")
        ERASED = (
            "erased",
            _("A visitor was erased who may have been in it. Please export once more."),
        )

    UNFINISHED = (State.WAITING, State.RUNNING)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="exports")
    # Nobody else gets the file; it goes when its time has come, with or without them.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="exports"
    )
    # The search as it stands in the address, and what the agent may see.
    query = models.TextField(blank=True)
    rights = models.TextField(blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.WAITING
    )
    reason = models.CharField(max_length=8, choices=Reason.choices, blank=True)
    # Conversations found, looked at, and written; what the bar shows.
    total = models.PositiveIntegerField(null=True, blank=True)
    looked_at = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    # There were more than a file may hold.
    is_cut = models.BooleanField(default=False)
    # Whose work it is, and until when nobody else takes it up.
    claim = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    path = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField()

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["expires_at"], name="export_expires"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="export_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE
