"""What keeps the list in order: priority, putting off, and following."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from conversations import services
from conversations.exceptions import ConversationError, NotAllowed
from conversations.forms.actions import PriorityForm, SnoozeForm, first_error
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    head_answer,
    refusal,
    visible_conversation,
)


@require_POST
@agent_view
def conversation_snooze(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return refusal(request, first_error(form), public_id)
    try:
        services.snooze_conversation(
            conversation_id=conversation.pk,
            until=form.cleaned_data["moment"],
            agent=request.user,
        )
    except ConversationError as error:
        return refusal(request, error, public_id)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_wake(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.wake_conversation(conversation_id=conversation.pk, agent=request.user)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_follow(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    try:
        services.follow_conversation(
            conversation_id=conversation.pk, agent=request.user
        )
    except NotAllowed as error:
        # Handed over while the request was under way.
        raise Http404 from error
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_unfollow(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.unfollow_conversation(conversation_id=conversation.pk, agent=request.user)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_priority(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = PriorityForm(request.POST)
    if not form.is_valid():
        return refusal(request, first_error(form), public_id)
    services.change_priority(
        conversation_id=conversation.pk,
        priority=form.cleaned_data["priority"],
        by=request.user,
    )
    return head_answer(request, public_id)
