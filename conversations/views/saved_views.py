"""Saved views: kept, renamed and deleted from the list, and counted beside it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import SavedView
from conversations.querysets import SavedViewQuerySet
from conversations.sidebar import MAX_VIEWS
from conversations.view_counts import counts_of
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    inbox_address,
    posted_query,
)


@require_safe
@agent_view
def view_counts(request: AgentRequest) -> HttpResponse:
    """The numbers of all views at once, for places that stand in the page already."""
    views = _views(request).order_by("is_shared", "name", "pk")[:MAX_VIEWS]
    counts = counts_of(request.user, views)
    return render(request, "conversations/view_counts.html", {"counts": counts.items()})


@require_POST
@agent_view
def view_create(request: AgentRequest) -> HttpResponse:
    query = posted_query(request)
    try:
        view = services.save_view(
            agent=request.user,
            name=request.POST.get("name", ""),
            query=query.encoded,
            is_shared=request.POST.get("shared") == "1",
        )
    except ConversationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is saved.") % {"name": view.name})
    return redirect(inbox_address(query))


@require_POST
@agent_view
def view_rename(request: AgentRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(_views(request), pk=pk)
    try:
        services.rename_view(
            agent=request.user, view=view, name=request.POST.get("name", "")
        )
    except ConversationError as error:
        messages.error(request, str(error))
    return redirect(inbox_address(posted_query(request)))


@require_POST
@agent_view
def view_delete(request: AgentRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(_views(request), pk=pk)
    try:
        services.delete_view(agent=request.user, view=view)
    except ConversationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
    return redirect(inbox_address(posted_query(request)))


def _views(request: AgentRequest) -> SavedViewQuerySet:
    return SavedView.objects.visible_to(request.user)
