from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from notifications.models.preferences import Event
from notifications.querysets import BurstQuerySet


class Burst(models.Model):
    """What a visitor wrote while nobody answered: told of once, or not at all.

    `kind` says how things stood when it was last looked at: nobody who may answer was
    online, or somebody was. While it is `watched` further messages join it; once it is
    decided the next message begins another one.
    """

    class Kind(models.TextChoices):
        OFFLINE = Event.OFFLINE.value, Event.OFFLINE.label
        MISSED = Event.MISSED.value, Event.MISSED.label

    class State(models.TextChoices):
        WATCHED = "watched", _("Watched")
        TOLD = "told", _("Told")
        DROPPED = "dropped", _("Dropped")

    class Reason(models.TextChoices):
        """Why nobody had to be told."""

        ANSWERED = "answered", _("answered")
        RESOLVED = "resolved", _("resolved")
        OPENED = "opened", _("opened")
        ONLINE = "online", _("an agent came online")
        JOINED = "joined", _("an agent joined")
        IN_INBOX = "in_inbox", _("agents are online")

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="bursts"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WATCHED
    )
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    # Its first message in the thread, and the conversation's count of visitor messages
    # with its last one.
    first_seq = models.PositiveIntegerField()
    visitor_messages = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    # Since when nobody who may answer is online, and since when the visitor has gone.
    nobody_since = models.DateTimeField(null=True, blank=True)
    gone_since = models.DateTimeField(null=True, blank=True)
    # Who was online when the visitor wrote, for the mail about a missed one.
    online_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = BurstQuerySet.as_manager()

    class Meta:
        verbose_name = _("burst of messages")
        verbose_name_plural = _("bursts of messages")
        indexes = [
            # Almost every row is decided.
            models.Index(
                fields=["id"],
                condition=models.Q(state="watched"),
                name="burst_watched",
            ),
            models.Index(
                fields=["conversation", "-visitor_messages"], name="burst_latest"
            ),
            # What is older than they are kept.
            models.Index(fields=["decided_at"], name="burst_decided"),
        ]
        constraints = [
            models.UniqueConstraint(
                "conversation",
                condition=models.Q(state="watched"),
                name="burst_one_watched",
            ),
            models.UniqueConstraint(
                "conversation", "first_seq", name="burst_begins_once"
            ),
        ]

    # What happened since it began; set by `with_outcome`.
    answered: bool
    settled: bool
    joined: bool
    opened: bool

    def __str__(self) -> str:
        return f"{self.conversation_id} from {self.first_seq}: {self.state}"


class Lookout(models.Model):
    """How far the lookout for news has come, so that no pause of it loses any."""

    name = models.CharField(max_length=20, primary_key=True)
    reached_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lookout")
        verbose_name_plural = _("lookouts")

    def __str__(self) -> str:
        return self.name
