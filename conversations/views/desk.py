"""What the desk's views share: who asks, what the page holds, how actions answer."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget
from django_htmx.middleware import HtmxDetails

from conversations.access import visible_merges
from conversations.forms.composing import ComposerForm, fresh_composer
from conversations.inbox import SORTS, InboxQuery
from conversations.models import Conversation, SavedView
from conversations.services.posting import MAX_TEXT_LENGTH
from conversations.sidebar import sidebar_of
from conversations.thread import Opened
from supportdesk.accounts.models import User
from visitors import services as visitors
from visitors.models import Visitor, VisitorMerge

# Every field of the search with all the values that it takes.
MAX_NEXT_QUERY = 8_000


class AgentRequest(HttpRequest):
    """A request that `agent_view` let through."""

    htmx: HtmxDetails
    user: User


View = Callable[..., HttpResponseBase]
_GONE = (Conversation.DoesNotExist, Visitor.DoesNotExist, SavedView.DoesNotExist)


def agent_view(view: View) -> View:
    """For agents of an account; the platform operator has a desk in admin only."""

    @wraps(view)
    def guarded(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.account_id is None:
            return redirect("admin:index")
        try:
            response = view(request, *args, **kwargs)
        except (*_GONE, Http404) as error:
            elsewhere = _to_kept(request, kwargs)
            if elsewhere is None:
                # Erased while the request was under way, or never there.
                raise Http404 from error
            response = elsewhere
        patch_vary_headers(response, ["HX-Request", "HX-Target", "X-Visitor-Card"])
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def _to_kept(request: AgentRequest, named: dict[str, Any]) -> HttpResponse | None:
    """The same of the conversation that this one was merged into, if it was; a form
    is sent there with all that is in it."""
    match = request.resolver_match
    if match is None or "public_id" not in named:
        return None
    visible = Conversation.objects.visible_to(request.user)
    kept = visible.holding(public_id=named["public_id"]).first()
    if kept is None or kept.public_id == named["public_id"]:
        return None
    address = reverse(match.view_name, kwargs=named | {"public_id": kept.public_id})
    query = request.META.get("QUERY_STRING", "")
    is_read = request.method in {"GET", "HEAD"}
    response = HttpResponseRedirect(f"{address}?{query}" if query else address)
    response.status_code = 302 if is_read else 307
    return response


def visible_conversation(
    request: AgentRequest, public_id: UUID, *related: str, **read_with_it: Any
) -> Conversation:
    """The conversation if the agent may see it, with whatever else is asked for."""
    visible = Conversation.objects.visible_to(request.user).with_row()
    visible = visible.annotate(**read_with_it)
    if related:
        visible = visible.select_related(*related)
    return get_object_or_404(visible, public_id=public_id)


def asked_seq(request: AgentRequest, name: str) -> int | None:
    """A number of an entry that the address names."""
    value = request.GET.get(name, "")
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return None


def wants(request: AgentRequest, target: str) -> bool:
    """Whether htmx asks for the element with this id rather than for a page."""
    restores = request.htmx.history_restore_request
    return bool(request.htmx) and not restores and request.htmx.target == target


def frame(request: AgentRequest, query: InboxQuery) -> dict[str, Any]:
    sidebar = sidebar_of(request.user, named=query.agent)
    return {
        "query": query,
        "sidebar": sidebar,
        "all_groups": sidebar.all_groups,
        "sorts": SORTS.items(),
    }


def composer_context(composer: ComposerForm | None = None) -> dict[str, Any]:
    return {
        "composer": composer or fresh_composer(),
        "max_text_length": MAX_TEXT_LENGTH,
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
    }


def card_context(request: AgentRequest, opened: Opened) -> dict[str, Any]:
    """What the visitor card shows at once; `keeps_card` if the page has it already."""
    visitor = opened.conversation.visitor
    shown = request.headers.get("X-Visitor-Card", "")
    return {
        "conversation": opened.conversation,
        "opened": opened,
        "glance": opened.glance,
        "state": _state(request.user, opened),
        "keeps_card": shown == str(visitor.public_id),
    }


def _state(agent: User, opened: Opened) -> dict[str, Any]:
    """What stands under the visitor's name; asked for only where there is something."""
    visitor = opened.conversation.visitor
    block, network_block = (
        visitors.blocks_of(visitor) if opened.has_block else (None, None)
    )
    merges = VisitorMerge.objects.none()
    if opened.has_merge:
        merges = visible_merges(agent, visitors.undoable_of(visitor))[:3]
    return {"block": block, "network_block": network_block, "merges": merges}


def posted_query(request: AgentRequest) -> InboxQuery:
    """The list the agent came from, read anew: what a form sends is no address."""
    return InboxQuery.parse(
        QueryDict(request.POST.get("next_query", "")[:MAX_NEXT_QUERY])
    )


def inbox_address(query: InboxQuery) -> str:
    return reverse("conversations:inbox") + query.suffix


def conversation_address(public_id: UUID, query: InboxQuery) -> str:
    return reverse("conversations:conversation", args=[public_id]) + query.suffix


def back_to(
    request: AgentRequest, public_id: UUID, *, to_list: bool = False
) -> HttpResponse:
    """Where a plain form leads: the conversation, or the list if it is out of sight."""
    query = posted_query(request)
    visible = Conversation.objects.visible_to(request.user).filter(public_id=public_id)
    if to_list or not visible.exists():
        return redirect(inbox_address(query))
    return redirect(conversation_address(public_id, query))


def head_answer(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """The thread's head from fresh state, and what of the composer depends on it."""
    if not request.htmx:
        return back_to(request, public_id)
    conversation = (
        Conversation.objects.visible_to(request.user)
        .with_row()
        .with_unread(request.user)
        .with_following(request.user)
        .filter(public_id=public_id)
        .first()
    )
    query = posted_query(request)
    if conversation is None:
        # The agent just handed it to those who see what this agent does not.
        return HttpResponseClientRedirect(inbox_address(query))
    return render(
        request,
        "conversations/head_answer.html",
        frame(request, query) | {"conversation": conversation},
    )


def refusal(request: AgentRequest, error: Exception, public_id: UUID) -> HttpResponse:
    """The desk says no, and why: a message in the page, or on the next one."""
    if not request.htmx:
        messages.error(request, str(error))
        return back_to(request, public_id, to_list=request.POST.get("from") == "list")
    html = render_to_string(
        "components/_toast.html", {"text": str(error), "level": "error"}
    )
    return reswap(retarget(HttpResponse(html, status=409), "#toasts"), "beforeend")
