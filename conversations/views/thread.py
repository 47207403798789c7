"""Parts of an open conversation that its page asks for by itself."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from conversations.inbox import InboxQuery
from conversations.models import Conversation
from conversations.thread import read_latest, read_newer, read_older
from conversations.thread_hits import asked_of
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    asked_seq,
    frame,
    visible_conversation,
)


@require_safe
@agent_view
def message_list(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Entries older than `before`, or newer than `after`: `<li>` items only."""
    conversation = visible_conversation(request, public_id)
    before, after = asked_seq(request, "before"), asked_seq(request, "after")
    if before is not None:
        thread = read_older(conversation, before)
    elif after is not None:
        thread = read_newer(conversation, after)
    else:
        thread = read_latest(conversation)
    query = InboxQuery.parse(request.GET)
    context = {
        "conversation": conversation,
        "thread": thread,
        "query": query,
        "asked": asked_of(conversation, query.q) if query.q else None,
        "older": thread.has_older and after is None,
    }
    response = render(request, "conversations/_messages.html", context)
    response["X-Last-Seq"] = str(conversation.last_seq)
    response["X-Numbering"] = str(conversation.numbering)
    return response


@require_safe
@agent_view
def conversation_head(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversations = Conversation.objects.visible_to(request.user).with_row()
    conversation = get_object_or_404(
        conversations.with_unread(request.user).with_following(request.user),
        public_id=public_id,
    )
    context = frame(request, InboxQuery.parse(request.GET))
    context["conversation"] = conversation
    return render(request, "conversations/head_answer.html", context)
