"""Who is told: a decision about access, so it stands beside the write.

The rule is that of `ConversationQuerySet.visible_to`, for many conversations and
agents at once; a test holds the two together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet

from conversations.access import may_see
from conversations.models import Assignment, Conversation, Follow
from notifications.models import (
    Burst,
    Event,
    ExtraRecipient,
    Notification,
    NotificationSettings,
    Preferences,
    PushSubscription,
)
from supportdesk.accounts.models import User

Way = Notification.Way


@dataclass(frozen=True)
class Colleague:
    """An agent, what they want to be told, and whether a browser of theirs takes it."""

    agent: User
    preferences: Preferences
    is_subscribed: bool

    def wants_mail(self, event: str) -> bool:
        return event in self.preferences.mail

    def wants_push(self, event: str) -> bool:
        return self.is_subscribed and event in self.preferences.browser

    def quiet_until(self, tz: ZoneInfo, now: datetime) -> datetime | None:
        """When the quiet hours end that it is now; None outside them."""
        local = now.astimezone(tz)
        until = self.preferences.quiet_until
        if until is None or not self.preferences.is_quiet_at(local.time()):
            return None
        end = datetime.combine(local.date(), until, tz)
        # Early in the evening they end on the next morning.
        return end if end > local else end + timedelta(days=1)


def with_groups(agents: QuerySet[User]) -> list[User]:
    """The agents with their groups, in one query."""
    members = User.groups.through.objects.filter(user=OuterRef("pk"))
    found: list[User] = list(
        agents.annotate(
            in_groups=ArraySubquery(members.values("agentgroup")),
            is_subscribed=Exists(PushSubscription.objects.filter(agent=OuterRef("pk"))),
        )
    )
    for agent in found:
        # `User.group_ids` would ask for each of them.
        agent.__dict__["group_ids"] = frozenset(agent.in_groups)  # type: ignore[attr-defined]
    return found


def colleagues_of(account_ids: Iterable[int]) -> dict[int, list[Colleague]]:
    """The active agents of each account."""
    by_account: dict[int, list[Colleague]] = defaultdict(list)
    agents = User.objects.filter(account__in=set(account_ids)).active()
    for colleague in colleagues(agents.order_by("pk")):
        by_account[colleague.agent.account_id or 0].append(colleague)
    return by_account


def colleagues(agents: QuerySet[User]) -> list[Colleague]:
    found = with_groups(agents)
    preferences = Preferences.objects.of_agents([agent.pk for agent in found])
    return [
        Colleague(agent, preferences[agent.pk], agent.is_subscribed)  # type: ignore[attr-defined]
        for agent in found
    ]


def assignees_of(conversation_ids: Iterable[int]) -> Mapping[int, set[int]]:
    rows = Assignment.objects.filter(conversation__in=list(conversation_ids))
    found: dict[int, set[int]] = defaultdict(set)
    for conversation_id, agent_id in rows.values_list("conversation", "agent"):
        found[conversation_id].add(agent_id)
    return found


def followers_of(conversation_ids: Iterable[int]) -> Mapping[int, set[int]]:
    """Who wants to hear of them; whether they still see them is asked apart."""
    rows = Follow.objects.filter(conversation__in=list(conversation_ids))
    found: dict[int, set[int]] = defaultdict(set)
    for conversation_id, agent_id in rows.values_list("conversation", "agent"):
        found[conversation_id].add(agent_id)
    return found


def settings_of(account_ids: Iterable[int]) -> dict[int, NotificationSettings]:
    """Each account's settings; who chose nothing has the defaults, unsaved."""
    wanted = set(account_ids)
    found = NotificationSettings.objects.in_bulk(wanted)
    return {pk: found.get(pk) or NotificationSettings(account_id=pk) for pk in wanted}


def rows_for_bursts(
    told: Collection[tuple[Burst, Conversation]], *, now: datetime
) -> list[Notification]:
    """Whom these bursts are told, as unsaved rows; nobody where it is switched off.

    Quiet hours put a mail off. A push is dropped in them: it would come too late.
    """
    settings = settings_of(conversation.account_id for _burst, conversation in told)
    told = [
        (burst, conversation)
        for burst, conversation in told
        if getattr(settings[conversation.account_id], burst.kind)
    ]
    if not told:
        return []
    around = colleagues_of(conversation.account_id for _burst, conversation in told)
    assignees = assignees_of(conversation.pk for _burst, conversation in told)
    extras = _extra_recipients(
        {conversation.account_id for _burst, conversation in told}
    )
    rows = []
    for burst, conversation in told:
        here = [
            colleague
            for colleague in around[conversation.account_id]
            if may_see(colleague.agent, conversation, assignees[conversation.pk])
        ]
        rows += _rows_for_burst(burst, conversation, here, extras, now)
    return rows


def rows_for_colleague(
    colleague: Colleague,
    conversation: Conversation,
    *,
    event: Event,
    occasion: str,
    now: datetime,
    due_at: datetime | None = None,
    **fields: object,
) -> list[Notification]:
    """What one agent is told of it, by the ways they want: up to a mail and a push."""
    quiet_until = colleague.quiet_until(conversation.account.tz, now)
    rows = []
    if colleague.wants_mail(event):
        due = max(due_at or now, quiet_until or now)
        rows.append((Way.MAIL, colleague.agent.email, due))
    if colleague.wants_push(event) and quiet_until is None:
        rows.append((Way.PUSH, "", now))
    return [
        Notification(
            account_id=conversation.account_id,
            conversation=conversation,
            kind=event,
            way=way,
            agent=colleague.agent,
            recipient_email=address,
            occasion=occasion,
            due_at=due,
            **fields,
        )
        for way, address, due in rows
    ]


def _rows_for_burst(
    burst: Burst,
    conversation: Conversation,
    here: list[Colleague],
    extras: Mapping[tuple[int, str], list[ExtraRecipient]],
    now: datetime,
) -> list[Notification]:
    occasion = f"burst {burst.pk}"
    rows = [
        row
        for colleague in here
        for row in rows_for_colleague(
            colleague,
            conversation,
            event=Event(burst.kind),
            occasion=occasion,
            now=now,
            burst=burst,
        )
    ]
    mailed = {row.recipient_email for row in rows}
    for extra in extras.get((conversation.account_id, burst.kind), []):
        if extra.group_id not in (None, conversation.group_id):
            continue
        if extra.email in mailed:
            continue
        mailed.add(extra.email)
        rows.append(
            Notification(
                account_id=conversation.account_id,
                conversation=conversation,
                kind=burst.kind,
                way=Way.MAIL,
                recipient_email=extra.email,
                burst=burst,
                occasion=occasion,
                due_at=now,
            )
        )
    return rows


def _extra_recipients(
    account_ids: Iterable[int],
) -> dict[tuple[int, str], list[ExtraRecipient]]:
    found: dict[tuple[int, str], list[ExtraRecipient]] = defaultdict(list)
    for extra in ExtraRecipient.objects.filter(account__in=list(account_ids)):
        found[extra.account_id, extra.event].append(extra)
    return found
