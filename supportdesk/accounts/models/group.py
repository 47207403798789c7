from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.account import Account, AssigningRule
from supportdesk.accounts.models.agent import User
from supportdesk.accounts.querysets import AgentGroupQuerySet


class AgentGroup(AssigningRule):
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
            models.UniqueConstraint("account", Lower("key"), name="group_key_unique")
        ]

    def __str__(self) -> str:
        return self.name
