import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.channel import Channel
from conversations.models.conversation import Conversation
from conversations.querysets import AttachmentQuerySet, MessageQuerySet


def attachment_path(owner: models.Model, filename: str) -> str:
    """A random name without the sender's: nothing in it can be guessed or run."""
    return f"attachments/{uuid.uuid4().hex}"


class Message(models.Model):
    """One entry in a conversation's thread."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("Message")
        NOTE = "note", _("Private note")
        EVENT = "event", _("Event")

    class Event(models.TextChoices):
        STARTED = "started", _("started")
        JOINED = "joined", _("joined")
        LEFT = "left", _("left")
        ASSIGNED = "assigned", _("assigned")
        UNASSIGNED = "unassigned", _("unassigned")
        GROUP_CHANGED = "group_changed", _("group changed")
        RESOLVED = "resolved", _("resolved")
        REOPENED = "reopened", _("reopened")
        RATED = "rated", _("rated")
        CONTACT_CHANGED = "contact_changed", _("contact changed")
        MERGED = "merged", _("profiles merged")
        UNMERGED = "unmerged", _("merge undone")
        BLOCKED = "blocked", _("visitor blocked")
        UNBLOCKED = "unblocked", _("visitor unblocked")
        TAGGED = "tagged", _("tagged")
        UNTAGGED = "untagged", _("tag removed")
        PRIORITY_CHANGED = "priority_changed", _("priority changed")
        SNOOZED = "snoozed", _("snoozed")
        WOKEN = "woken", _("back from snooze")
        TRANSFERRED = "transferred", _("transferred")
        JOINED_WITH = "joined_with", _("conversations merged")
        SPLIT_OFF = "split_off", _("conversation split off")
        OFFLINE = "offline", _("written while nobody was online")
        MISSED = "missed", _("missed")

    PUBLIC_EVENTS = frozenset({Event.JOINED, Event.RESOLVED})

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages"
    )
    # The key of the conversation that it was written in, if it was moved since: what is
    # counted goes by that.
    written_in = models.BigIntegerField(null=True, blank=True)
    seq = models.PositiveIntegerField()
    # Position among what the visitor sees; empty for notes and internal events.
    public_seq = models.PositiveIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.MESSAGE)
    # The author: an agent, or without one the visitor (events: the desk itself).
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    by_visitor = models.BooleanField(default=False)
    channel = models.ForeignKey(
        Channel, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    text = models.TextField(blank=True)
    hidden_cards = models.PositiveSmallIntegerField(default=0)
    attachment_count = models.PositiveSmallIntegerField(default=0)
    event = models.CharField(max_length=20, choices=Event.choices, blank=True)
    data = models.JSONField(default=dict, blank=True)
    # The sender's own name for it: a retry is recognised and not stored twice.
    client_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["conversation", "seq"]
        indexes = [
            # What colleagues are told of: who was made responsible, who is named.
            models.Index(
                fields=["created_at"],
                condition=models.Q(event="assigned") | models.Q(kind="note"),
                name="message_for_colleagues",
            ),
            # How many card numbers were hidden, by day.
            models.Index(
                fields=["created_at"],
                condition=models.Q(hidden_cards__gt=0),
                name="message_hidden_cards",
            ),
            # Conversations in which there is a file.
            models.Index(
                fields=["conversation"],
                condition=models.Q(attachment_count__gt=0),
                name="message_with_files",
            ),
            # What was moved, by where it came from; almost nothing was.
            models.Index(
                fields=["written_in", "conversation"],
                condition=models.Q(written_in__isnull=False),
                name="message_moved",
            ),
        ]
        constraints = [
            models.UniqueConstraint("conversation", "seq", name="message_seq"),
            models.UniqueConstraint(
                "conversation",
                "public_seq",
                condition=models.Q(public_seq__isnull=False),
                name="message_public_seq",
            ),
            models.UniqueConstraint(
                "conversation",
                "client_id",
                condition=models.Q(client_id__isnull=False),
                name="message_client_id",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="note") | models.Q(public_seq__isnull=True),
                name="message_note_is_private",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"

    # Whether this answer ended the conversation's being missed; set by `append`.
    ends_missed = False

    @property
    def is_note(self) -> bool:
        return self.kind == self.Kind.NOTE

    @property
    def is_event(self) -> bool:
        return self.kind == self.Kind.EVENT


class StoredFile(models.Model):
    """A checked file, and what is known of it without opening it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.FileField(upload_to=attachment_path)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    # Of pictures only, in pixels: the page keeps their place while they load.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.width is not None

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].upper() if "." in self.name else ""


class Attachment(StoredFile):
    """A file sent with a message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")

    objects = AttachmentQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")


class DoomedFile(models.Model):
    """A file whose owner was erased; its row goes when the file is gone."""

    path = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("file to delete")
        verbose_name_plural = _("files to delete")

    def __str__(self) -> str:
        return str(self.pk)
