"""Canned replies as the composer offers them, filled in for one conversation."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from conversations import services
from conversations.models import CannedReply, CannedReplyFile
from conversations.placeholders import fill, values_for
from conversations.views.desk import AgentRequest, agent_view, visible_conversation
from supportdesk.core.text import clean_line

MAX_OFFERED = 12
MAX_QUERY_LENGTH = 60


@dataclass(frozen=True)
class Offer:
    reply: CannedReply
    # As it would be put into this conversation.
    text: str
    files: list[CannedReplyFile]


@require_safe
@agent_view
def canned_list(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    words = asked_words(request)
    replies = CannedReply.objects.visible_to(request.user)
    found = replies.matching(words).best_first(words).prefetch_related("files")
    values = values_for(conversation, request.user)
    context = {
        "conversation": conversation,
        "words": words,
        "offers": [
            Offer(reply, fill(reply.text, values), list(reply.files.all()))
            for reply in found[:MAX_OFFERED]
        ],
    }
    return render(request, "conversations/_canned_list.html", context)


@require_POST
@agent_view
def canned_used(request: AgentRequest, public_id: UUID, pk: int) -> HttpResponse:
    visible_conversation(request, public_id)
    replies = CannedReply.objects.visible_to(request.user)
    reply = get_object_or_404(replies, pk=pk)
    services.count_canned_reply_use(agent=request.user, reply=reply)
    return HttpResponse(status=204)


def asked_words(request: AgentRequest) -> str:
    words = clean_line(request.GET.get("q", "")[:1000], MAX_QUERY_LENGTH)
    # As shortcuts are stored.
    return unicodedata.normalize("NFC", words)
