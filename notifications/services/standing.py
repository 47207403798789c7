"""Who is there to answer, and whether visitors are still there, right now."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import redis.exceptions

from conversations.models import Conversation
from notifications.services.recipients import assignees_of, with_groups
from supportdesk.accounts import hours, presence
from supportdesk.accounts.models import Presence, User
from visitors import here


@dataclass(frozen=True)
class Standing:
    """How things stand around some conversations."""

    online: Mapping[int, list[User]]
    assignees: Mapping[int, set[int]]
    # Keys of the visitors among those asked for.
    here: Collection[int]

    @classmethod
    def around(
        cls,
        conversations: Collection[Conversation],
        visitors_of: Collection[Conversation] = (),
    ) -> Self | None:
        """None when it is not known: unknown is neither offline nor gone.

        That is while Redis does not answer, and while one that began empty has not
        heard yet from those who are there.
        """
        visitor_ids: dict[int, set[int]] = defaultdict(set)
        for conversation in visitors_of:
            visitor_ids[conversation.account_id].add(conversation.visitor_id)
        try:
            if not presence.is_settled():
                return None
            reachable = set().union(
                *(
                    presence.reachable_ids(account_id)
                    for account_id in {row.account_id for row in conversations}
                )
            )
            present = here.among_accounts(visitor_ids)
        except redis.exceptions.RedisError:
            return None
        online: dict[int, list[User]] = defaultdict(list)
        agents = User.objects.filter(pk__in=reachable, presence=Presence.ONLINE)
        for agent in with_groups(agents.active().order_by("pk")):
            online[agent.account_id or 0].append(agent)
        assignees = assignees_of(row.pk for row in conversations if row.is_assigned)
        return cls(online, assignees, present)

    def who_may_answer(self, conversation: Conversation) -> list[int]:
        """Agents online who count for its group or are responsible for it."""
        return [
            agent.pk
            for agent in self.online.get(conversation.account_id, ())
            if conversation.group_id is None
            or not agent.group_ids
            or conversation.group_id in agent.group_ids
            or agent.pk in self.assignees.get(conversation.pk, ())
        ]

    def is_joined(self, conversation: Conversation) -> bool:
        """Whether somebody who is responsible for it is online."""
        assignees = self.assignees.get(conversation.pk, ())
        return any(
            agent.pk in assignees
            for agent in self.online.get(conversation.account_id, ())
        )

    def is_offline(self, conversation: Conversation, at: datetime) -> bool:
        """Whether who writes at that time writes to nobody.

        Outside business hours that is so whatever the switches say, unless somebody
        is responsible already.
        """
        if not self.who_may_answer(conversation):
            return True
        if conversation.is_open and conversation.is_assigned:
            return False
        account = conversation.account
        return account.has_business_hours and not hours.is_open(account.pk, at)
