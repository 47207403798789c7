import secrets
import uuid
from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.querysets import (
    AttachmentQuerySet,
    ChannelQuerySet,
    ConversationQuerySet,
    MessageQuerySet,
)
from supportdesk.accounts.models import Account, AgentGroup, Language
from supportdesk.accounts.people import Person
from visitors.models import Visitor


def new_public_key() -> str:
    return secrets.token_urlsafe(18)


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """A random name without the sender's: nothing in it can be guessed or run."""
    return f"attachments/{uuid.uuid4().hex}"


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
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Conversation(models.Model):
    """The thread with one visitor."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        RESOLVED = "resolved", _("Resolved")

    class Rating(models.IntegerChoices):
        BAD = 1, _("Bad")
        NORMAL = 3, _("Okay")
        GOOD = 5, _("Good")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="conversations")
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="conversations")
    channel = models.ForeignKey(
        Channel, models.PROTECT, related_name="conversations", verbose_name=_("channel")
    )
    # Copied from the channel: the list shows it on every row and filters by it.
    channel_kind = models.CharField(max_length=12, choices=Channel.Kind.choices)
    group = models.ForeignKey(
        AgentGroup,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("group"),
    )
    assignees = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Assignment",
        related_name="assigned_conversations",
        verbose_name=_("assignees"),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    language = models.CharField(
        max_length=5, choices=Language.choices, default=Language.ENGLISH
    )

    # The thread's counters: `last_seq` counts every entry without a gap,
    # `last_public_seq` those the visitor sees.
    last_seq = models.PositiveIntegerField(default=0)
    last_public_seq = models.PositiveIntegerField(default=0)
    visitor_message_count = models.PositiveIntegerField(default=0)

    # What a list row shows, written together with each message.
    is_assigned = models.BooleanField(default=False)
    preview = models.CharField(max_length=200, blank=True)
    preview_by_agent = models.BooleanField(default=False)
    last_activity_at = models.DateTimeField(_("last activity"))
    waiting_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    # How far each side has read, in public_seq.
    visitor_seen_seq = models.PositiveIntegerField(default=0)
    visitor_seen_at = models.DateTimeField(null=True, blank=True)
    agent_seen_seq = models.PositiveIntegerField(default=0)

    rating = models.PositiveSmallIntegerField(
        _("rating"), choices=Rating.choices, null=True, blank=True
    )
    rating_comment = models.TextField(_("comment"), blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            # Open and Resolved, newest activity first, paged by keyset.
            models.Index(
                fields=["account", "status", "-last_activity_at", "-id"],
                name="conv_inbox",
            ),
            models.Index(
                fields=["account", "group", "status", "-last_activity_at", "-id"],
                name="conv_group",
            ),
            # Open is small beside Resolved; its lists and counts stay in here.
            models.Index(
                fields=["account", "is_assigned", "-last_activity_at", "-id"],
                condition=models.Q(status="open"),
                name="conv_open_assigned",
            ),
            models.Index(
                fields=["account", "waiting_since"],
                condition=models.Q(status="open", waiting_since__isnull=False),
                name="conv_open_waiting",
            ),
            # Previous conversations on the card, and the one to continue.
            models.Index(fields=["visitor", "-last_activity_at"], name="conv_visitor"),
        ]

    def __str__(self) -> str:
        return str(self.visitor)

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    # How many visitor messages each agent has seen; set by `look_up`.
    reads_by_agent: list[tuple[int, int]]

    @cached_property
    def people(self) -> list[Person]:
        """Assignees, oldest first; without a query after `with_row()`."""
        if "assignee_rows" in self.__dict__:
            return [Person(**row) for row in self.__dict__["assignee_rows"]]
        agents = self.assignees.order_by("assignment__pk")
        return [Person(agent.pk, agent.name, agent.email) for agent in agents]


class Assignment(models.Model):
    """An agent is responsible for a conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint("conversation", "agent", name="assignment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} → {self.conversation_id}"


class ConversationRead(models.Model):
    """How many of the visitor's messages an agent has seen."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="reads")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    visitor_messages = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("read state")
        verbose_name_plural = _("read states")
        constraints = [
            models.UniqueConstraint("conversation", "agent", name="read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.visitor_messages}"


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

    PUBLIC_EVENTS = frozenset({Event.JOINED, Event.RESOLVED})

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages"
    )
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

    @property
    def is_note(self) -> bool:
        return self.kind == self.Kind.NOTE

    @property
    def is_event(self) -> bool:
        return self.kind == self.Kind.EVENT


class Attachment(models.Model):
    """A file sent with a message."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to=attachment_path)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    # Of pictures only, in pixels: the page keeps their place while they load.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.width is not None

    @property
    def extension(self) -> str:
        return self.name.rpartition(".")[2].upper() if "." in self.name else ""


class DoomedFile(models.Model):
    """A file whose owner was erased; its row goes when the file is gone."""

    path = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("file to delete")
        verbose_name_plural = _("files to delete")

    def __str__(self) -> str:
        return str(self.pk)
