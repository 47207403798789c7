"""What an agent does with a conversation; one view per verb."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from conversations import services
from conversations.exceptions import ConversationError
from conversations.forms.actions import AgentForm, GroupForm, first_error
from conversations.forms.composing import SeenForm
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    frame,
    head_answer,
    posted_query,
    refusal,
    visible_conversation,
)
from conversations.views.inbox import thread_context


@require_POST
@agent_view
def conversation_join(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.join_conversation(conversation_id=conversation.pk, agent=request.user)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_assign(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = AgentForm(request.POST, agent=request.user)
    if not form.is_valid():
        return refusal(request, first_error(form), public_id)
    try:
        services.assign_conversation(
            conversation_id=conversation.pk,
            agent=form.cleaned_data["agent"],
            by=request.user,
        )
    except ConversationError as error:
        return refusal(request, error, public_id)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_unassign(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = AgentForm(request.POST, agent=request.user)
    if not form.is_valid():
        return refusal(request, first_error(form), public_id)
    services.unassign_conversation(
        conversation_id=conversation.pk,
        agent=form.cleaned_data["agent"],
        by=request.user,
    )
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_group(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = GroupForm(request.POST, agent=request.user)
    if not form.is_valid():
        return refusal(request, first_error(form), public_id)
    services.change_group(
        conversation_id=conversation.pk,
        group=form.cleaned_data["group"],
        by=request.user,
    )
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_resolve(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    try:
        services.resolve_conversation(
            conversation_id=conversation.pk, agent=request.user
        )
    except ConversationError as error:
        return refusal(request, error, public_id)
    from_list = request.POST.get("from") == "list"
    if request.htmx and from_list:
        # The row goes, and nothing comes in its place.
        return HttpResponse()
    if request.htmx:
        return _whole_thread(request, public_id)
    return back_to(request, public_id, to_list=from_list)


@require_POST
@agent_view
def conversation_reopen(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.reopen_conversation(conversation_id=conversation.pk, agent=request.user)
    if request.htmx:
        return _whole_thread(request, public_id)
    return back_to(request, public_id)


@require_POST
@agent_view
def conversation_read(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = SeenForm(request.POST)
    seen = form.seen if form.is_valid() else None
    services.mark_read(conversation=conversation, agent=request.user, seen=seen)
    if request.htmx and request.htmx.target != "thread-head":
        # The page's script reports what the agent sees; nothing is to be drawn.
        return HttpResponse(status=204)
    return head_answer(request, public_id)


@require_POST
@agent_view
def conversation_unread(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.mark_unread(conversation=conversation, agent=request.user)
    return head_answer(request, public_id)


def _whole_thread(request: AgentRequest, public_id: UUID) -> HttpResponse:
    query = posted_query(request)
    context = thread_context(request, query, public_id) | frame(request, query)
    return render(request, "conversations/_thread.html", context)
