from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account
from supportdesk.accounts.querysets import AuditQuerySet


class AuditEntry(models.Model):
    """Who did what, when and from where; written once, see `accounts.audit`.

    Names are copied: history outlives people. The database refuses every change, and
    deleting too but in a transaction that says what it is for (`audit.may_go`).
    """

    class Via(models.TextChoices):
        DASHBOARD = "dashboard", _("Dashboard")
        ADMIN = "admin", _("Administration")
        API = "api", _("API")
        WEBSITE = "website", _("Website")
        MAIL = "mail", _("E-mail")
        SYSTEM = "system", _("The desk itself")

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="history", db_index=False
    )
    at = models.DateTimeField(_("time"), default=timezone.now)
    # What was done, such as `agent.role_changed`, and the word before its dot.
    action = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    # The agent's key, without a constraint; empty for programs and the desk itself.
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=120, blank=True)
    by_email = models.CharField(max_length=254, blank=True)
    via = models.CharField(max_length=10, choices=Via.choices)
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    # What it was done to: the model's label, a key, and how it was called then.
    target_kind = models.CharField(max_length=60, blank=True)
    target_id = models.BigIntegerField(null=True)
    target_label = models.CharField(max_length=200, blank=True)
    # `{field: [before, after]}`, short, without card numbers or secrets.
    changes = models.JSONField(default=dict)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("history entry")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]
        indexes = [
            # The page and its filters, newest first, paged by keyset; what is too old.
            models.Index(fields=["account", "-at", "-id"], name="audit_newest"),
            models.Index(fields=["account", "topic", "-at", "-id"], name="audit_topic"),
            models.Index(fields=["account", "by_id", "-at", "-id"], name="audit_by"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_label}".rstrip()
