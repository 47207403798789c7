"""Who is asking: the one query that every signed-in request makes."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from supportdesk.accounts.models import AgentGroup, User


class AgentBackend(AuthenticationBackend):
    """Signs in by e-mail; brings the account and the agent's groups along."""

    def get_user(self, user_id: int) -> User | None:
        memberships = AgentGroup.agents.through.objects.filter(user=OuterRef("pk"))
        agent = (
            User.objects.select_related("account")
            .annotate(own_group_ids=ArraySubquery(memberships.values("agentgroup")))
            .filter(pk=user_id)
            .first()
        )
        if agent is None or not self.user_can_authenticate(agent):
            return None
        agent.group_ids = frozenset(agent.own_group_ids)
        return agent
