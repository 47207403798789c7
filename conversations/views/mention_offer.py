"""Colleagues as a note's field offers them behind an @."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from conversations.mentions import offered
from conversations.views.desk import AgentRequest, agent_view, visible_conversation


@require_safe
@agent_view
def colleague_list(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Asked for once per opened conversation; the page looks through them itself."""
    conversation = visible_conversation(request, public_id)
    people = [
        {
            "id": person.id,
            "name": person.name,
            "initials": person.initials,
            "hue": person.hue,
        }
        for person in offered(conversation, request.user)
    ]
    return JsonResponse({"colleagues": people})
