from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account
from supportdesk.accounts.models.agent import User
from supportdesk.accounts.querysets import ApiTokenQuerySet


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
