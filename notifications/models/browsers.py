from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class PushSubscription(models.Model):
    """A browser of an agent that shows notifications while no tab is open."""

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions"
    )
    # Where the browser's push service takes them, and the browser's keys.
    endpoint = models.URLField(max_length=1000)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=60)
    # The signed-in browser: whoever signs out there gets nothing more.
    device = models.CharField(max_length=16)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("push subscription")
        verbose_name_plural = _("push subscriptions")
        constraints = [
            models.UniqueConstraint("endpoint", name="push_subscription_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.device}"


class VapidKey(models.Model):
    """The installation's name towards push services; made once, by whoever is first."""

    name = models.CharField(max_length=10, primary_key=True, default="desk")
    public_key = models.CharField(max_length=100)
    # See `core.sealing`.
    sealed_private_key = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("VAPID key")
        verbose_name_plural = _("VAPID keys")

    def __str__(self) -> str:
        return self.public_key
