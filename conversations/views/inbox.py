"""The three panes: the list, and with it one conversation or none."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conversations.inbox import InboxQuery, list_page
from conversations.models import Channel, Conversation
from conversations.thread import open_conversation, read_latest, read_older
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    card_context,
    composer_context,
    frame,
    wants,
)


@require_safe
@agent_view
def conversation_list(request: AgentRequest) -> HttpResponse:
    query = InboxQuery.parse(request.GET)
    context = list_context(request, query)
    if wants(request, "next-rows"):
        return render(request, "conversations/_rows.html", context)
    context |= frame(request, query)
    context |= empty_context(request, context)
    if wants(request, "list"):
        return render(request, "conversations/_list.html", context)
    return render(request, "conversations/inbox.html", context)


@require_safe
@agent_view
def conversation_detail(request: AgentRequest, public_id: UUID) -> HttpResponse:
    query = InboxQuery.parse(request.GET)
    if wants(request, "list"):
        context = list_context(request, query) | frame(request, query)
        context |= empty_context(request, context) | {"selected_id": public_id}
        return render(request, "conversations/_list.html", context)
    context = thread_context(request, query, public_id) | frame(request, query)
    if wants(request, "thread"):
        return render(request, "conversations/thread_answer.html", context)
    context |= list_context(request, query)
    context |= empty_context(request, context) | {"selected_id": public_id}
    return render(request, "conversations/inbox.html", context)


def list_context(request: AgentRequest, query: InboxQuery) -> dict[str, Any]:
    after = request.GET.get("after", "")
    page = list_page(request.user, query, after)
    return {"query": query, "page": page, "continued": bool(after)}


def thread_context(
    request: AgentRequest, query: InboxQuery, public_id: UUID
) -> dict[str, Any]:
    opened = open_conversation(request.user, public_id)
    conversation = opened.conversation
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        thread = read_older(conversation, int(before))
    else:
        thread = read_latest(conversation)
    return {
        **card_context(request, opened),
        "thread": thread,
        "query": query,
        **composer_context(),
    }


def empty_context(request: AgentRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Why the list is empty, as far as it helps; asks only when it is."""
    if context["page"].rows or context["continued"]:
        return {}
    query = context["query"]
    if query.is_filtered:
        return {"empty": "search" if query.q else "filter"}
    conversations = Conversation.objects.filter(account__agents=request.user)
    if not context["sidebar"].counts.all and not conversations.exists():
        website = Channel.objects.visible_to(request.user).filter(
            kind=Channel.Kind.WEBSITE
        )
        return {"empty": "nothing", "has_website": website.exists()}
    if query.status == Conversation.Status.RESOLVED:
        return {"empty": "resolved"}
    return {"empty": query.show}
