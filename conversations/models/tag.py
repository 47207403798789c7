from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.querysets import TagQuerySet
from supportdesk.accounts.models import Account, User


class Tag(models.Model):
    """A word that an account sorts its conversations by."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tags")
    name = models.CharField(_("name"), max_length=40)
    # One of the eight colours of the desk.
    hue = models.PositiveSmallIntegerField(_("colour"), default=1)
    description = models.CharField(_("description"), max_length=200, blank=True)
    # Not offered any more; conversations keep it.
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = [Lower("name"), "pk"]
        constraints = [
            models.UniqueConstraint("account", Lower("name"), name="tag_name_once"),
            models.CheckConstraint(
                condition=models.Q(hue__gte=1, hue__lte=8), name="tag_hue_exists"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tagging(models.Model):
    """A tag on a conversation; the conversation's `tag_ids` repeat it for lists."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="taggings"
    )
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tagging")
        verbose_name_plural = _("taggings")
        constraints = [
            models.UniqueConstraint("conversation", "tag", name="tagging_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.conversation_id}"
