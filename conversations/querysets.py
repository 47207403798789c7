from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, JSONObject

if TYPE_CHECKING:
    # Named in the base classes.
    from conversations.models import (  # noqa: F401
        Attachment,
        Channel,
        Conversation,
        Message,
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
        return own.filter(
            Q(group__isnull=True)
            | Q(group_id__in=agent.group_ids)
            | Exists(self._assignments().filter(agent=agent))
        )

    def _assignments(self) -> models.QuerySet[Any]:
        return _rows("Assignment").filter(conversation=OuterRef("pk"))

    # Which part of the inbox

    def open(self) -> Self:
        return self.filter(status="open")

    def resolved(self) -> Self:
        return self.filter(status="resolved")

    def mine(self, agent: User) -> Self:
        return self.filter(Exists(self._assignments().filter(agent=agent)))

    def unassigned(self) -> Self:
        return self.filter(is_assigned=False)

    def others(self, agent: User) -> Self:
        return self.filter(is_assigned=True).exclude(
            Exists(self._assignments().filter(agent=agent))
        )

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
        return self.select_related("visitor", "account", "group").annotate(
            assignee_rows=ArraySubquery(assignees)
        )

    def with_unread(self, agent: User) -> Self:
        """`unread`: visitor messages the agent has not seen."""
        seen = _rows("ConversationRead").filter(
            conversation=OuterRef("pk"), agent=agent
        )
        return self.annotate(
            unread=Greatest(
                F("visitor_message_count")
                - Coalesce(Subquery(seen.values("visitor_messages")), Value(0)),
                Value(0),
            )
        )


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
