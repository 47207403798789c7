from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.models.message import StoredFile
from conversations.querysets import CannedReplyFileQuerySet, CannedReplyQuerySet
from supportdesk.accounts.models import Account, User


class CannedReply(models.Model):
    """A text that is written once and sent often; personal, or shared by all."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="canned_replies")
    # Whose own it is; shared ones are nobody's.
    agent = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="canned_replies",
        verbose_name=_("agent"),
    )
    # What is typed after the slash.
    shortcut = models.CharField(_("shortcut"), max_length=40)
    title = models.CharField(_("title"), max_length=120, blank=True)
    text = models.TextField(_("text"))
    use_count = models.PositiveIntegerField(_("used"), default=0)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = [Lower("shortcut"), "pk"]
        constraints = [
            models.UniqueConstraint(
                "account",
                "agent",
                Lower("shortcut"),
                name="canned_reply_shortcut_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.shortcut

    @property
    def is_shared(self) -> bool:
        return self.agent_id is None


class CannedReplyFile(StoredFile):
    """A file that goes with a canned reply; messages get copies of it."""

    reply = models.ForeignKey(CannedReply, models.CASCADE, related_name="files")

    objects = CannedReplyFileQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = _("file of a canned reply")
        verbose_name_plural = _("files of canned replies")
