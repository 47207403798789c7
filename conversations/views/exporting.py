"""One conversation as a file: a small page to choose, and the download."""

import io
from typing import IO
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from conversations import services
from conversations.exceptions import ConversationError
from conversations.exporting.paper import conversation_paper
from conversations.exporting.structure import conversation_document
from conversations.exporting.text import conversation_text
from conversations.forms.exports import ConversationExportForm
from conversations.models import Conversation
from conversations.views.desk import AgentRequest, agent_view, visible_conversation
from supportdesk.core.streaming import StreamedFile

FILE_POLICY = "sandbox; default-src 'none'"


def _text(row: Conversation, *, for_visitor: bool) -> bytes:
    return "".join(conversation_text(row, for_visitor=for_visitor)).encode()


def _document(row: Conversation, *, for_visitor: bool) -> bytes:
    return "".join(conversation_document(row, for_visitor=for_visitor)).encode()


_KINDS = {
    "text": (_text, "txt", "text/plain; charset=utf-8"),
    "pdf": (conversation_paper, "pdf", "application/pdf"),
    "json": (_document, "json", "application/json"),
}


@require_safe
@agent_view
def conversation_export(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = ConversationExportForm(initial={"format": "text", "content": "all"})
    return _page(request, conversation, form)


@require_safe
@agent_view
def conversation_file(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    """Written to the end before the first byte leaves: half a file looks whole."""
    conversation = visible_conversation(request, public_id, "channel")
    form = ConversationExportForm(request.GET)
    if not form.is_valid():
        return _page(request, conversation, form, status=422)
    written, extension, content_type = _KINDS[form.cleaned_data["format"]]
    for_visitor = form.cleaned_data["content"] == "visitor"
    try:
        content = written(conversation, for_visitor=for_visitor)
    except ConversationError as error:
        form.add_error("format", str(error))
        return _page(request, conversation, form, status=409)
    services.note_conversation_exported(
        conversation=conversation,
        agent=request.user,
        extension=extension,
        for_visitor=for_visitor,
    )
    name = f"{_name(conversation)}.{extension}"
    return as_download(io.BytesIO(content), name, content_type)


def as_download(file: IO[bytes], name: str, content_type: str) -> StreamedFile:
    """Never opened as a page of ours, whatever is in it."""
    response = StreamedFile(
        file, as_attachment=True, filename=name, content_type=content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = FILE_POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _name(conversation: Conversation) -> str:
    """Letters, digits and hyphens only; a name without any gives way to a number."""
    who = slugify(conversation.visitor.display_name)[:40].strip("-_")
    day = timezone.localtime(conversation.created_at).date().isoformat()
    return f"conversation-{who or conversation.public_id.hex[:8]}-{day}"


def _page(
    request: AgentRequest,
    conversation: Conversation,
    form: ConversationExportForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "conversation": conversation,
        "visitor": conversation.visitor,
        "form": form,
    }
    return render(
        request, "conversations/conversation_export.html", context, status=status
    )
