"""Two conversations made one, and one made two: small pages of their own, so that it
takes more than a click and works without script."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import services
from conversations.exceptions import ConversationError
from conversations.forms.joining import JoinForm
from conversations.models import Conversation, Message
from conversations.services.splitting import check_can_split
from conversations.views.desk import AgentRequest, agent_view, visible_conversation
from supportdesk.accounts.models import User

Pages = require_http_methods(["GET", "HEAD", "POST"])
MAX_OFFERED = 50


@Pages
@agent_view
def conversation_join_with(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    others = _others(request.user, conversation)
    form = JoinForm(
        request.POST if request.method == "POST" else None,
        this=conversation,
        others=others,
    )
    error = ""
    if form.is_valid():
        kept, merged = form.pair()
        try:
            services.join_conversations(
                kept_id=kept.pk, merged_id=merged.pk, agent=request.user
            )
        except ConversationError as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("The conversations are one now."))
            return _go_to(kept)
    context = {
        "form": form,
        "others": list(others.order_by("-last_activity_at", "-pk")[:MAX_OFFERED]),
        "conversation": conversation,
        "visitor": conversation.visitor,
        "error": error,
    }
    status = 409 if error else 422 if form.is_bound else 200
    return render(request, "conversations/join_with.html", context, status=status)


def _others(agent: User, conversation: Conversation) -> QuerySet[Conversation]:
    rows = Conversation.objects.visible_to(agent).with_row()
    return rows.filter(visitor=conversation.visitor_id).exclude(pk=conversation.pk)


@Pages
@agent_view
def conversation_split(
    request: AgentRequest, public_id: UUID, message_id: UUID
) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    written = conversation.messages.exclude(kind=Message.Kind.EVENT)
    message = get_object_or_404(written.for_thread(), public_id=message_id)
    error = ""
    try:
        if request.method == "POST":
            new = services.split_conversation(message=message, agent=request.user)
            messages.success(request, _("This is a conversation of its own now."))
            return _go_to(new)
        check_can_split(conversation, message)
    except ConversationError as refusal:
        error = str(refusal)
    moving = conversation.messages.filter(seq__gte=message.seq)
    context = {
        "conversation": conversation,
        "visitor": conversation.visitor,
        "message": message,
        "moving": moving.aggregate(
            messages=Count("pk", filter=Q(kind=Message.Kind.MESSAGE)),
            notes=Count("pk", filter=Q(kind=Message.Kind.NOTE)),
            lines=Count("pk", filter=Q(kind=Message.Kind.EVENT)),
            since=Min("created_at"),
        ),
        "error": error,
    }
    status = 409 if error else 200
    return render(request, "conversations/split.html", context, status=status)


def _go_to(conversation: Conversation) -> HttpResponse:
    return redirect("conversations:conversation", public_id=conversation.public_id)
