from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.channel import Channel
from conversations.querysets import FigureQuerySet
from supportdesk.accounts.models import Account


class Figure(models.Model):
    """How often something happened on a day or in a month, in the account's time.

    Narrow rows that only ever add up: a duration is counted in the bucket it falls
    into (`reporting/sketch.py`), so medians of any span come from sums. Group, agent
    and tag are bare keys, 0 for none: what was counted outlives them.

    Everything is counted four times: for its channel and its group, for either of them
    whatever the other, and for all. A report reads the rows of one such pair and adds
    up days alone. Who adds up over channels or groups leaves out those for all.
    """

    ALL_CHANNELS = ""
    # None is a group of its own, and is 0.
    ALL_GROUPS = -1

    class Grain(models.TextChoices):
        DAY = "d", _("Day")
        MONTH = "m", _("Month")

    class What(models.IntegerChoices):
        BEGUN = 1, _("Conversations")
        # Its bucket is the hour of the week.
        WRITTEN = 2, _("Visitor messages")
        ANSWER = 3, _("Answers")
        FIRST_ANSWER = 4, _("First responses")
        RESOLVED = 5, _("Resolved")
        MISSED = 6, _("Missed")
        OFFLINE = 7, _("Offline")
        # Its bucket is the rating.
        RATED = 8, _("Ratings")

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="figures", db_index=False
    )
    grain = models.CharField(max_length=1, choices=Grain.choices)
    # The figures of one agent or tag stand beside those of all, which are at 0.
    agent_key = models.BigIntegerField(default=0)
    tag_key = models.BigIntegerField(default=0)
    what = models.PositiveSmallIntegerField(choices=What.choices)
    # Of a month its first.
    day = models.DateField()
    channel_kind = models.CharField(
        max_length=12, choices=Channel.Kind.choices, blank=True
    )
    group_key = models.BigIntegerField(default=0)
    bucket = models.PositiveSmallIntegerField(default=0)
    count = models.IntegerField()

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        constraints = [
            # In the order in which a report asks: what it shows of one channel and
            # group are days that follow one another.
            models.UniqueConstraint(
                "account",
                "grain",
                "agent_key",
                "tag_key",
                "channel_kind",
                "group_key",
                "what",
                "day",
                "bucket",
                # Read with it, and not one by one from all over the table.
                include=["count"],
                name="figure_once_in_slice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.what}: {self.count}"


class FigureZone(models.Model):
    """By which clock an account's figures were counted."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True)
    # The account's own setting then: another one now means to count anew.
    time_zone = models.CharField(max_length=64)
    # The one that days were cut by: the database may not know the other.
    used = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("time zone of figures")
        verbose_name_plural = _("time zones of figures")

    def __str__(self) -> str:
        return self.used


class FigureCursor(models.Model):
    """Up to which message everything is counted; there is one row."""

    message_key = models.BigIntegerField(default=0)
    # The last message seen, and the transaction that saw it: when all older ones have
    # ended, no message before it can appear any more.
    seen_key = models.BigIntegerField(default=0)
    seen_by = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("cursor of figures")
        verbose_name_plural = _("cursors of figures")

    def __str__(self) -> str:
        return str(self.message_key)
