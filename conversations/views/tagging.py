"""The tags of one conversation."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from conversations import services
from conversations.exceptions import ConversationError
from conversations.forms.tags import TaggingForm
from conversations.models import Tag
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    posted_query,
    refusal,
    visible_conversation,
)


@require_safe
@agent_view
def tag_options(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """What the editor offers: asked for when it is opened."""
    conversation = visible_conversation(request, public_id)
    context = {
        "conversation": conversation,
        "tags": Tag.objects.visible_to(request.user).offered(),
    }
    return render(request, "conversations/_tag_options.html", context)


@require_POST
@agent_view
def tag_add(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = TaggingForm(request.POST)
    if not form.is_valid():
        [[message, *_more], *_fields] = form.errors.values()
        return refusal(request, ConversationError(message), public_id)
    values = form.cleaned_data
    try:
        if values["tag"]:
            services.tag_conversation(
                conversation_id=conversation.pk,
                tag=_tag(request, values["tag"]),
                agent=request.user,
            )
        else:
            services.tag_conversation_by_name(
                conversation_id=conversation.pk,
                name=values["name"],
                agent=request.user,
            )
    except ConversationError as error:
        return refusal(request, error, public_id)
    return _list(request, public_id)


@require_POST
@agent_view
def tag_remove(request: AgentRequest, public_id: UUID, pk: int) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    services.untag_conversation(
        conversation_id=conversation.pk, tag=_tag(request, pk), agent=request.user
    )
    return _list(request, public_id)


def _tag(request: AgentRequest, pk: int) -> Tag:
    return get_object_or_404(Tag.objects.visible_to(request.user), pk=pk)


def _list(request: AgentRequest, public_id: UUID) -> HttpResponse:
    if not request.htmx:
        return back_to(request, public_id)
    context = {
        "conversation": visible_conversation(request, public_id),
        "query": posted_query(request),
    }
    return render(request, "conversations/_tag_list.html", context)
