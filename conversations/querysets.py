from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, Greatest, JSONObject, Lower

if TYPE_CHECKING:
    # Named in the base classes.
    from conversations.models import (  # noqa: F401
        Attachment,
        CannedReply,
        CannedReplyFile,
        Channel,
        Conversation,
        Export,
        Figure,
        Message,
        SavedView,
        Tag,
    )
    from supportdesk.accounts.models import User


def _rows(model: str) -> Any:
    """All rows of a model of this app, which stands above query sets."""
    return apps.get_model("conversations", model)._default_manager.all()


class ChannelQuerySet(models.QuerySet["Channel"]):
    def visible_to(self, agent: User) -> Self:
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def active(self) -> Self:
        return self.filter(is_active=True)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    # Who may see it

    def visible_to(self, agent: User) -> Self:
        """All of the account with full access; else own groups, no group, or assigned."""
        if agent.account_id is None or not agent.is_active:
            return self.none()
        own = self.filter(account_id=agent.account_id)
        if agent.sees_all_groups:
            return own
        # By the row alone: asked as a subquery among other conditions, PostgreSQL would
        # read all that the agent was ever assigned to first.
        return own.filter(
            Q(group__isnull=True)
            | Q(group_id__in=agent.group_ids)
            | Q(assignee_ids__contains=[agent.pk])
        )

    def holding(self, **lookup: Any) -> Self:
        """The conversation with this key or address, or the one it was merged into."""
        named = apps.get_model("conversations", "Conversation").with_merged
        rows = named.filter(**lookup).order_by()
        return self.filter(pk__in=rows.values(key=Coalesce("merged_into", "pk")))

    def _assignments(self) -> models.QuerySet[Any]:
        return _rows("Assignment").filter(conversation=OuterRef("pk"))

    def _follows(self) -> models.QuerySet[Any]:
        return _rows("Follow").filter(conversation=OuterRef("pk"))

    # Which part of the inbox

    def open(self) -> Self:
        return self.filter(status="open")

    def resolved(self) -> Self:
        return self.filter(status="resolved")

    def awake(self) -> Self:
        return self.filter(snoozed_until__isnull=True)

    def snoozed(self) -> Self:
        return self.filter(snoozed_until__isnull=False)

    def followed_by(self, agent: User) -> Self:
        return self.filter(Exists(self._follows().filter(agent=agent)))

    def missed(self) -> Self:
        return self.filter(missed_at__isnull=False)

    def mine(self, agent: User) -> Self:
        # Both: with the first alone the index of what is assigned would not fit.
        return self.filter(assignee_ids__contains=[agent.pk], is_assigned=True)

    def unassigned(self) -> Self:
        return self.filter(is_assigned=False)

    def others(self, agent: User) -> Self:
        return self.filter(is_assigned=True).exclude(assignee_ids__contains=[agent.pk])

    # What a row shows

    def with_row(self) -> Self:
        """Everything a list row or a push of it needs, in this one query."""
        assignees = (
            self._assignments()
            .order_by("pk")
            .values(
                person=JSONObject(
                    id="agent_id", name="agent__name", email="agent__email"
                )
            )
        )
        tags = (
            _rows("Tagging")
            .filter(conversation=OuterRef("pk"))
            .order_by(Lower("tag__name"))
            .values(mark=JSONObject(id="tag_id", name="tag__name", hue="tag__hue"))
        )
        return self.select_related("visitor", "account", "group").annotate(
            assignee_rows=ArraySubquery(assignees),
            # Most have none, and nothing is looked up for them.
            tag_rows=Case(When(~Q(tag_ids=[]), then=ArraySubquery(tags))),
        )

    def with_following(self, agent: User) -> Self:
        """What the thread's head needs beside the row: `is_following`, and `has_others`,
        whether the agent sees another one of the same visitor."""
        others = _rows("Conversation").visible_to(agent).exclude(pk=OuterRef("pk"))
        return self.annotate(
            is_following=Exists(self._follows().filter(agent=agent)),
            has_others=Exists(others.filter(visitor=OuterRef("visitor"))),
        )

    def with_unread(self, agent: User) -> Self:
        """`unread`: visitor messages the agent has not seen."""
        # A join and no subquery: where every row needs it, read states are hashed.
        return self.annotate(
            own_read=FilteredRelation("reads", condition=Q(reads__agent=agent)),
            unread=Greatest(
                F("visitor_message_count")
                - Coalesce(F("own_read__visitor_messages"), Value(0)),
                Value(0),
            ),
        )


_ConversationManager = models.Manager.from_queryset(ConversationQuerySet)


class ConversationManager(_ConversationManager["Conversation"]):
    """What there is: those that were merged into others are part of these."""

    def get_queryset(self) -> ConversationQuerySet:
        rows = cast("ConversationQuerySet", super().get_queryset())
        return rows.filter(merged_into__isnull=True)


class MessageQuerySet(models.QuerySet["Message"]):
    def public(self) -> Self:
        """What the visitor may see: no notes, no internal event lines."""
        return self.filter(public_seq__isnull=False)

    def for_thread(self) -> Self:
        return self.select_related("agent", "channel").prefetch_related("attachments")


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, agent: User) -> Self:
        visible = _rows("Conversation").visible_to(agent)
        return self.filter(message__conversation__in=visible)


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, agent: User) -> Self:
        """Everybody of the account tags with the same words."""
        if agent.account_id is None:
            return self.none()
        return self.filter(account_id=agent.account_id)

    def offered(self) -> Self:
        return self.filter(archived_at__isnull=True)


class CannedReplyQuerySet(models.QuerySet["CannedReply"]):
    def visible_to(self, agent: User) -> Self:
        """The account's shared ones and the agent's own."""
        if agent.account_id is None:
            return self.none()
        own = Q(agent__isnull=True) | Q(agent=agent)
        return self.filter(own, account_id=agent.account_id)

    def matching(self, words: str) -> Self:
        """Those whose shortcut, title or text holds every word."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(shortcut__icontains=word)
                | Q(title__icontains=word)
                | Q(text__icontains=word)
            )
        return found

    def best_first(self, words: str = "") -> Self:
        """Shortcuts that begin so, then the agent's own, then what is used most."""
        ordered = self
        begins: list[OrderBy] = []
        if words:
            ordered = self.annotate(begins=Q(shortcut__istartswith=words))
            begins = [F("begins").desc()]
        # Shared ones are nobody's, and nobody comes last.
        own = F("agent").asc(nulls_last=True)
        return ordered.order_by(*begins, own, "-use_count", Lower("shortcut"), "pk")


class CannedReplyFileQuerySet(models.QuerySet["CannedReplyFile"]):
    def visible_to(self, agent: User) -> Self:
        return self.filter(reply__in=_rows("CannedReply").visible_to(agent))


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, agent: User) -> Self:
        """The account's shared ones and the agent's own."""
        if agent.account_id is None:
            return self.none()
        own = Q(is_shared=True) | Q(agent=agent)
        return self.filter(own, account_id=agent.account_id)


class FigureQuerySet(models.QuerySet["Figure"]):
    def visible_to(self, agent: User) -> Self:
        """Reports say what colleagues did: they are for full access."""
        if not (agent.is_active and agent.has_full_access):
            return self.none()
        return self.filter(account_id=agent.account_id)


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, agent: User) -> Self:
        """One's own: a file holds what its agent may see, and others may see less."""
        if agent.account_id is None or not agent.is_active:
            return self.none()
        return self.filter(account_id=agent.account_id, agent=agent)

    def unfinished(self) -> Self:
        return self.filter(state__in=["waiting", "running"])
