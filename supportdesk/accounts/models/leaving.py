import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account
from supportdesk.accounts.models.agent import User
from supportdesk.accounts.querysets import AccountExportQuerySet


class AccountExport(models.Model):
    """All that an account has, on its way into a file, and then the file."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being written")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Could not be written")

    UNFINISHED = (State.WAITING, State.RUNNING)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="account_exports")
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked by")
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.WAITING
    )
    # Rows and files, what the bar shows.
    total = models.PositiveIntegerField(null=True, blank=True)
    written = models.PositiveIntegerField(default=0)
    # Whose work it is, and until when nobody else takes it up.
    claim = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    path = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField()

    objects = AccountExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export of an account")
        verbose_name_plural = _("exports of accounts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "account",
                name="account_export_one_at_a_time",
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE
