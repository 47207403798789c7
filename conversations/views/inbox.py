"""The three panes: the list, and with it one conversation or none."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conversations.exceptions import TookTooLong
from conversations.highlighting import mark_hits
from conversations.inbox import MAX_COUNT, InboxQuery, Page, count_rows, list_page
from conversations.models import Channel, Conversation
from conversations.search_panel import SearchPanel, search_panel
from conversations.sidebar import View
from conversations.thread import (
    Thread,
    open_conversation,
    read_around,
    read_latest,
    read_older,
)
from conversations.thread_hits import asked_of, find_hits
from conversations.time_limits import limited
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    asked_seq,
    card_context,
    composer_context,
    frame,
    wants,
)

# Milliseconds for each query: of a search, and of how many it has found.
TIME_TO_SEARCH = 3_000
TIME_TO_COUNT = 500


@dataclass(frozen=True)
class Found:
    number: int
    is_more: bool


@require_safe
@agent_view
def conversation_list(request: AgentRequest) -> HttpResponse:
    query = InboxQuery.parse(request.GET)
    context = list_context(request, query)
    if wants(request, "next-rows"):
        return render(request, "conversations/_rows.html", context)
    context |= frame(request, query)
    context |= beside_rows(request, context)
    if wants(request, "list"):
        return render(request, "conversations/_list.html", context)
    return render(request, "conversations/inbox.html", context)


@require_safe
@agent_view
def conversation_detail(request: AgentRequest, public_id: UUID) -> HttpResponse:
    query = InboxQuery.parse(request.GET)
    if wants(request, "list"):
        context = list_context(request, query) | frame(request, query)
        context |= beside_rows(request, context) | {"selected_id": public_id}
        return render(request, "conversations/_list.html", context)
    context = thread_context(request, query, public_id) | frame(request, query)
    if wants(request, "thread"):
        return render(request, "conversations/thread_answer.html", context)
    context |= list_context(request, query)
    context |= beside_rows(request, context) | {"selected_id": public_id}
    return render(request, "conversations/inbox.html", context)


def list_context(request: AgentRequest, query: InboxQuery) -> dict[str, Any]:
    after = request.GET.get("after", "")
    page = _searched_page(request, query, after)
    return {"query": query, "page": page, "continued": bool(after)}


def _searched_page(request: AgentRequest, query: InboxQuery, after: str) -> Page:
    """A page of the list; without rows if the search would take too long."""
    try:
        with limited(TIME_TO_SEARCH) if query.is_search else nullcontext():
            page = list_page(request.user, query, after)
            if query.q:
                mark_hits(page.rows, query.q)
    except TookTooLong:
        return Page([], is_too_long=True)
    return page


def beside_rows(request: AgentRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the list shows around its rows."""
    return {
        **empty_context(request, context),
        "search": _panel(request, context),
        "found": _found(request, context),
        "saved_view": _saved_view(context),
    }


def _saved_view(context: dict[str, Any]) -> View | None:
    """The view that the list shows, if it was kept."""
    asked = context["query"].encoded
    views: list[View] = context["sidebar"].views
    return next((view for view in views if view.query == asked), None)


def _panel(request: AgentRequest, context: dict[str, Any]) -> SearchPanel:
    return search_panel(
        context["query"],
        context["sidebar"],
        is_open=request.GET.get("panel") == "1",
    )


def _found(request: AgentRequest, context: dict[str, Any]) -> Found | None:
    """How many a search has found, where it has looked at all of them."""
    query: InboxQuery = context["query"]
    page: Page = context["page"]
    if not query.is_search or (page.after and query.url):
        return None
    if not page.after and not context["continued"]:
        return Found(len(page.rows), is_more=False) if page.rows else None
    if page.matching is None:
        return None
    try:
        with limited(TIME_TO_COUNT):
            number = count_rows(page.matching)
    except TookTooLong:
        return None
    return Found(min(number, MAX_COUNT), is_more=number > MAX_COUNT)


def thread_context(
    request: AgentRequest, query: InboxQuery, public_id: UUID
) -> dict[str, Any]:
    opened = open_conversation(request.user, public_id)
    return {
        **card_context(request, opened),
        **_stretch(request, query, opened.conversation),
        "query": query,
        **composer_context(),
    }


def _stretch(
    request: AgentRequest, query: InboxQuery, conversation: Conversation
) -> dict[str, Any]:
    """Which entries of the thread are shown: what was searched for, else the latest."""
    before = asked_seq(request, "before")
    asked = asked_of(conversation, query.q) if query.q else None
    if asked is None:
        return {"thread": _stretch_before(conversation, before)}
    at = 0 if before is not None else asked_seq(request, "hit")
    hits = find_hits(conversation, asked, at)
    thread = (
        read_around(conversation, hits.at)
        if hits.at
        else _stretch_before(conversation, before)
    )
    return {"thread": thread, "asked": asked, "hits": hits}


def _stretch_before(conversation: Conversation, before: int | None) -> Thread:
    if before is None:
        return read_latest(conversation)
    return read_older(conversation, before)


def empty_context(request: AgentRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Why the list is empty, as far as it helps; asks only when it is."""
    page = context["page"]
    if page.rows or page.after or context["continued"]:
        return {}
    query = context["query"]
    if page.is_too_long:
        return {"empty": "too-long"}
    if query.is_filtered:
        return {"empty": _empty_filter(query)}
    conversations = Conversation.objects.filter(account__agents=request.user)
    if not context["sidebar"].counts.all and not conversations.exists():
        website = Channel.objects.visible_to(request.user).filter(
            kind=Channel.Kind.WEBSITE
        )
        return {"empty": "nothing", "has_website": website.exists()}
    if query.status == Conversation.Status.RESOLVED:
        return {"empty": "resolved"}
    return {"empty": query.show}


def _empty_filter(query: InboxQuery) -> str:
    if query.is_search:
        return "search"
    alone = list(query.filters)
    if query.show == "all" and alone in (["missed"], ["snoozed"], ["following"]):
        return alone[0]
    return "filter"
