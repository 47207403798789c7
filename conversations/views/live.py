"""The page of those who are on the website now."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conversations.inbox import InboxQuery
from conversations.live import SHOWS, LiveQuery, read_live, website_names
from conversations.views.desk import AgentRequest, agent_view, frame, wants


@require_safe
@agent_view
def live_visitors(request: AgentRequest) -> HttpResponse:
    query = LiveQuery.parse(request.GET)
    websites = website_names(request.user)
    context = {
        "live": query,
        "page": read_live(request.user, query, websites),
        "websites": websites,
        "page_section": "visitors",
    }
    if wants(request, "live-visitors"):
        return render(request, "conversations/_live_rows.html", context)
    context |= frame(request, InboxQuery()) | {"shows": SHOWS}
    return render(request, "conversations/live.html", context)
