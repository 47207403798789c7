"""Parts of an open conversation that its page asks for by itself."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from conversations.inbox import InboxQuery
from conversations.models import Conversation
from conversations.thread import read_latest, read_newer, read_older
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    frame,
    visible_conversation,
)


@require_safe
@agent_view
def message_list(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Entries older than `before`, or newer than `after`: `<li>` items only."""
    conversation = visible_conversation(request, public_id)
    before, after = _seq(request, "before"), _seq(request, "after")
    if before is not None:
        thread = read_older(conversation, before)
    elif after is not None:
        thread = read_newer(conversation, after)
    else:
        thread = read_latest(conversation)
    context = {
        "conversation": conversation,
        "thread": thread,
        "query": InboxQuery.parse(request.GET),
        "older": thread.has_older and after is None,
    }
    response = render(request, "conversations/_messages.html", context)
    response["X-Last-Seq"] = str(conversation.last_seq)
    return response


@require_safe
@agent_view
def conversation_head(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversations = Conversation.objects.visible_to(request.user).with_row()
    conversation = get_object_or_404(
        conversations.with_unread(request.user), public_id=public_id
    )
    context = frame(request, InboxQuery.parse(request.GET))
    context["conversation"] = conversation
    return render(request, "conversations/head_answer.html", context)


def _seq(request: AgentRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return None
