import uuid
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.models.channel import Channel
from conversations.querysets import ConversationManager, ConversationQuerySet
from supportdesk.accounts.models import Account, AgentGroup, Language
from supportdesk.accounts.people import Person
from visitors.models import Visitor


@dataclass(frozen=True)
class TagMark:
    """What is drawn of a tag."""

    id: int
    name: str
    hue: int


class Conversation(models.Model):
    """The thread with one visitor."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        RESOLVED = "resolved", _("Resolved")

    class Priority(models.IntegerChoices):
        NORMAL = 0, _("Normal")
        HIGH = 1, _("High")
        URGENT = 2, _("Urgent")

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
    # The visitor left before anybody replied; until somebody does.
    missed_at = models.DateTimeField(_("missed"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    # Keys of its tags, sorted: a list filters by them without a join.
    tag_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    # Keys of its assignees, sorted: the numbers beside the lists are grouped by them.
    assignee_ids = ArrayField(
        models.BigIntegerField(), default=list, blank=True, db_default=[]
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=Priority.choices, default=Priority.NORMAL
    )
    # Out of sight until then, though open; a message of the visitor ends it.
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    # Set when it was merged into another one, which holds its messages now: always the
    # last one, so there is never more than one step to follow.
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="merged"
    )
    # Set when its later part was split off, and the visitor with it: what they still
    # write here is written there.
    continued_in = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        # Below, of the few that have one.
        db_index=False,
    )
    # How often its entries got other numbers: what a page knows by an older one is void.
    numbering = models.PositiveIntegerField(default=0, db_default=0)

    # How far each side has read, in public_seq.
    visitor_seen_seq = models.PositiveIntegerField(default=0)
    visitor_seen_at = models.DateTimeField(null=True, blank=True)
    agent_seen_seq = models.PositiveIntegerField(default=0)

    rating = models.PositiveSmallIntegerField(
        _("rating"), choices=Rating.choices, null=True, blank=True
    )
    rating_comment = models.TextField(_("comment"), blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)

    # Without those that were merged into others: they are in no list, no count and no
    # search. Only who has an old key or address needs them.
    objects = ConversationManager()
    with_merged = ConversationQuerySet.as_manager()

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
            # Open and Resolved that nobody answered, in the order of the list.
            models.Index(
                fields=["account", "status", "-last_activity_at", "-id"],
                condition=models.Q(missed_at__isnull=False),
                name="conv_missed",
            ),
            # Whom nobody has answered lately, over all accounts: who is to be told.
            models.Index(
                fields=["last_activity_at"],
                condition=models.Q(status="open", waiting_since__isnull=False),
                name="conv_waiting_lately",
            ),
            # Most have none, and each message would write an entry for that.
            GinIndex(
                fields=["tag_ids"],
                condition=~models.Q(tag_ids=[]),
                name="conv_tags",
            ),
            models.Index(
                fields=["account", "-priority", "-last_activity_at", "-id"],
                condition=models.Q(status="open", priority__gt=0),
                name="conv_open_urgent",
            ),
            # Whose time has come.
            models.Index(
                fields=["snoozed_until"],
                condition=models.Q(snoozed_until__isnull=False),
                name="conv_snoozed",
            ),
            models.Index(
                fields=["account", "rating", "-last_activity_at", "-id"],
                condition=models.Q(rating__isnull=False),
                name="conv_rated",
            ),
            # Most come from the website, and each message would write an entry for that.
            models.Index(
                fields=["account", "channel_kind", "-last_activity_at", "-id"],
                condition=~models.Q(channel_kind="website"),
                name="conv_other_channel",
            ),
            # The numbers beside the lists are counted in here, without the rows.
            models.Index(
                fields=["account", "group"],
                include=["assignee_ids", "missed_at", "snoozed_until"],
                condition=models.Q(status="open"),
                name="conv_open_counts",
            ),
            # Among a million in one language, the few in another.
            models.Index(
                fields=["account", "language", "status", "-last_activity_at", "-id"],
                name="conv_language",
            ),
            # What points at one that is deleted.
            models.Index(
                fields=["continued_in"],
                condition=models.Q(continued_in__isnull=False),
                name="conv_continued",
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
    # Who follows it; set there, too.
    follower_ids: list[int]

    @cached_property
    def people(self) -> list[Person]:
        """Assignees, oldest first; without a query after `with_row()`."""
        if "assignee_rows" in self.__dict__:
            return [Person(**row) for row in self.__dict__["assignee_rows"]]
        agents = self.assignees.order_by("assignment__pk")
        return [Person(agent.pk, agent.name, agent.email) for agent in agents]

    @cached_property
    def tags(self) -> list[TagMark]:
        """By name; without a query after `with_row()`, and for those without tags."""
        if "tag_rows" in self.__dict__:
            return [TagMark(**row) for row in self.__dict__["tag_rows"] or ()]
        if not self.tag_ids:
            return []
        taggings = self.taggings.order_by(Lower("tag__name"))
        values = taggings.values_list("tag", "tag__name", "tag__hue")
        return [TagMark(*value) for value in values]


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
    """How far an agent has read."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="reads")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    # How many of the visitor's messages: what is unread is counted by it.
    visitor_messages = models.PositiveIntegerField(default=0)
    # Up to which entry of the thread, notes and event lines too.
    seen_seq = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("read state")
        verbose_name_plural = _("read states")
        constraints = [
            models.UniqueConstraint("conversation", "agent", name="read_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.visitor_messages}"


class Follow(models.Model):
    """An agent who wants to hear of a conversation without being responsible."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="follows"
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("follow")
        verbose_name_plural = _("follows")
        constraints = [
            models.UniqueConstraint("conversation", "agent", name="follow_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} → {self.conversation_id}"
