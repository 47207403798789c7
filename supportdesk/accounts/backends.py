"""Who is asking: the one query that every signed-in request makes."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from supportdesk.accounts.models import AgentGroup, User


class AgentBackend(AuthenticationBackend):
    """Signs in by e-mail; brings account, groups and second factor along."""

    def get_user(self, user_id: int) -> User | None:
        memberships = AgentGroup.agents.through.objects.filter(user=OuterRef("pk"))
        agent = (
            User.objects.select_related("account")
            .with_second_factor()
            .annotate(own_group_ids=ArraySubquery(memberships.values("agentgroup")))
            .filter(pk=user_id)
            .first()
        )
        if agent is None or not self.user_can_authenticate(agent):
            return None
        agent.group_ids = frozenset(agent.own_group_ids)
        agent.has_second_factor = agent.second_factor
        return agent

    def user_can_authenticate(self, user: Any) -> bool:
        """Nor while the account is suspended: sessions stay and count again after."""
        account = user.account if isinstance(user, User) else None
        is_suspended = account is not None and account.is_suspended
        return super().user_can_authenticate(user) and not is_suspended
