from django.db import models
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models.agent import User
from supportdesk.accounts.querysets import AgentSessionQuerySet


class AgentSession(models.Model):
    """A browser in which an agent is signed in, as the agent recognises it."""

    agent = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    # Django's own; where it is gone, nobody is signed in any more.
    session_key = models.CharField(max_length=40, unique=True)
    user_agent = models.CharField(max_length=400, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    created_at = models.DateTimeField(_("signed in"))
    last_active_at = models.DateTimeField(_("last active"))

    objects = AgentSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-last_active_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.agent_id} @ {self.ip}"
