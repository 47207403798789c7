import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.querysets import ChannelQuerySet
from supportdesk.accounts.models import Account, AgentGroup


def new_public_key() -> str:
    return secrets.token_urlsafe(18)


class Channel(models.Model):
    """One configured way in: a website, a Messenger page, a mailbox."""

    class Kind(models.TextChoices):
        WEBSITE = "website", _("Website")
        MESSENGER = "messenger", _("Messenger")
        EMAIL = "email", _("E-mail")

    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="channels",
        verbose_name=_("account"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80)
    public_key = models.CharField(
        _("public key"), max_length=40, unique=True, default=new_public_key
    )
    # Parsed by `config.py` of the kind's package in channels_integration.
    config = models.JSONField(_("settings"), default=dict, blank=True)
    # Where its new conversations go unless the page or the visitor says otherwise.
    group = models.ForeignKey(
        AgentGroup,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="channels",
        verbose_name=_("group"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
