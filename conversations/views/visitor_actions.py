"""What can be done about the visitor of a conversation: block, merge, export, erase.

Each leads to a small page of its own, so that nothing of it happens by one click.
"""

import ipaddress
import tempfile
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from conversations import services
from conversations.access import visible_merges, visible_visitors
from conversations.belongings import count_belongings, export_visitor
from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.profiles import compare, likely_same, search_profiles
from conversations.views.desk import AgentRequest, agent_view, visible_conversation
from conversations.views.exporting import as_download
from supportdesk.accounts.models import Account, IpStorage
from supportdesk.core import client_ip
from visitors import services as visitors
from visitors.blocks import contains
from visitors.forms import BlockForm, NetworkChoiceForm
from visitors.models import Visit, Visitor, VisitorMerge

Pages = require_http_methods(["GET", "HEAD", "POST"])


# Blocking


@Pages
@agent_view
def visitor_block(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = BlockForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.block_from_conversation(
            conversation_id=conversation.pk, agent=request.user, **form.given()
        )
        messages.success(request, _("The visitor is blocked."))
        return _back(public_id)
    return _page(request, conversation, "block", form=form)


@require_POST
@agent_view
def visitor_unblock(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.unblock_from_conversation(
        conversation_id=conversation.pk, agent=request.user
    )
    messages.success(request, _("The visitor can write again."))
    return _back(public_id)


@Pages
@agent_view
def visitor_block_address(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Only what is known of the visitor's address: any other is typed in settings."""
    conversation = visible_conversation(request, public_id)
    account = conversation.account
    ip = _last_ip(conversation.visitor)
    if ip is None or account.ip_storage == IpStorage.NONE:
        raise Http404
    networks = _networks(ip, account, wide=request.user.has_full_access)
    counts = {str(net): visitors.visitors_in(account, net) for net in networks}
    form = NetworkChoiceForm(
        request.POST if request.method == "POST" else None,
        choices=[(text, _with_count(text, counts[text])) for text in counts],
    )
    if form.is_valid():
        visitors.block_network(
            account=account,
            agent=request.user,
            network=form.cleaned_data["network"],
            **form.given(),
        )
        messages.success(request, _("The address is blocked."))
        return _back(public_id)
    own = client_ip.of_request(request)
    return _page(
        request,
        conversation,
        "block_address",
        form=form,
        shared=max(counts.values()) > 1,
        own_address=any(contains(text, own) for text in counts),
    )


def _last_ip(visitor: Visitor) -> str | None:
    visits = Visit.objects.filter(visitor=visitor, ip__isnull=False)
    return visits.order_by("-last_seen_at").values_list("ip", flat=True).first()


def _networks(ip: str, account: Account, *, wide: bool) -> list[Any]:
    """The least that reaches the visitor and, for who may, what is around it."""
    least = visitors.network_around(ip, account)
    length = 24 if ipaddress.ip_address(ip).version == 4 else 48
    if not wide or least.prefixlen <= length:
        return [least]
    return [least, least.supernet(new_prefix=length)]


def _with_count(network: str, number: int) -> str:
    """A single address without its length."""
    text = network.removesuffix("/32").removesuffix("/128")
    return ngettext(
        "%(network)s: %(number)s visitor in the last 7 days",
        "%(network)s: %(number)s visitors in the last 7 days",
        number,
    ) % {"network": text, "number": number}


# Merging


@require_safe
@agent_view
def visitor_merge(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Look for the other profile."""
    conversation = visible_conversation(request, public_id)
    text = request.GET.get("q", "")
    if text.strip():
        found = search_profiles(request.user, conversation.visitor, text)
    else:
        found = likely_same(request.user, conversation.visitor)
    context: dict[str, Any] = {"q": text[:100], "found": found}
    if request.htmx and request.htmx.target == "merge-found":
        context["conversation"] = conversation
        return render(request, "conversations/_merge_found.html", context)
    return _page(request, conversation, "merge", **context)


@Pages
@agent_view
def visitor_merge_with(
    request: AgentRequest, public_id: UUID, other_id: UUID
) -> HttpResponse:
    """Compare both, choose which is kept, and merge."""
    conversation = visible_conversation(request, public_id)
    visitor = conversation.visitor
    others = visible_visitors(request.user).exclude(pk=visitor.pk)
    other = get_object_or_404(others, public_id=other_id)
    sides = compare(request.user, visitor, other)
    error = ""
    if request.method == "POST":
        kept, merged = visitor, other
        if request.POST.get("kept") == str(other.public_id):
            kept, merged = other, visitor
        try:
            services.merge_visitors(kept=kept, merged=merged, agent=request.user)
        except ConversationError as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("The profiles are merged."))
            return _back(public_id)
    ids = {each.visitor.user_id for each in sides}
    return _page(
        request,
        conversation,
        "merge_with",
        409 if error else 200,
        sides=sides,
        other=other,
        error=error,
        different=len(ids) == 2 and "" not in ids,
    )


@require_POST
@agent_view
def visitor_merge_undo(request: AgentRequest, public_id: UUID, pk: int) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    merges = VisitorMerge.objects.filter(kept=conversation.visitor)
    merge = get_object_or_404(visible_merges(request.user, merges), pk=pk)
    try:
        services.undo_merge(merge=merge, agent=request.user)
    except ConversationError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The profiles are two again."))
    return _back(public_id)


# Export and erase


@require_safe
@agent_view
def visitor_export(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    """Written to the end before the first byte leaves: half a file looks whole."""
    conversation = visible_conversation(request, public_id)
    _needs_full_access(request)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    for piece in export_visitor(conversation.visitor, request.user):
        file.write(piece.encode())
    file.seek(0)
    day = timezone.localdate().isoformat()
    name = f"visitor-{conversation.visitor.public_id.hex[:8]}-{day}.json"
    return as_download(file, name, "application/json")


@Pages
@agent_view
def visitor_erase(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    _needs_full_access(request)
    if request.method == "POST":
        services.erase_visitor(visitor=conversation.visitor, agent=request.user)
        messages.success(request, _("The visitor is erased."))
        return redirect("conversations:inbox")
    belongings = count_belongings(conversation.visitor)
    return _page(request, conversation, "erase", belongings=belongings)


def _needs_full_access(request: AgentRequest) -> None:
    if not request.user.has_full_access:
        raise Http404


def _back(public_id: UUID) -> HttpResponse:
    return redirect("conversations:conversation", public_id=public_id)


def _page(
    request: AgentRequest,
    conversation: Conversation,
    name: str,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context |= {"conversation": conversation, "visitor": conversation.visitor}
    form = context.get("form")
    if form is not None and form.is_bound:
        status = 422
    return render(request, f"conversations/visitor_{name}.html", context, status=status)
