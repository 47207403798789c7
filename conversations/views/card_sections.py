"""Sections of the visitor card that load by themselves, after the thread."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from conversations.forms import VisitorNoteForm
from conversations.models import Conversation
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    visible_conversation,
)
from visitors.exceptions import NoteConflict, VisitorError
from visitors.services import NOTE_LENGTH, read_note, save_note
from visitors.trail import read_trail


@require_safe
@agent_view
def visitor_note(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    return _note(request, conversation)


@require_POST
@agent_view
def visitor_note_save(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = VisitorNoteForm(request.POST)
    written = request.POST.get("text", "")
    if not form.is_valid():
        errors = [str(error) for found in form.errors.values() for error in found]
        return _note(request, conversation, 422, written=written, errors=errors)
    try:
        save_note(visitor=conversation.visitor, agent=request.user, **form.cleaned_data)
    except NoteConflict as conflict:
        # The text comes back under the stored version: who saves now has seen it.
        return _note(
            request,
            conversation,
            409,
            written=written,
            conflict=str(conflict),
            note=conflict.stored,
        )
    except VisitorError as error:
        return _note(request, conversation, 422, written=written, errors=[str(error)])
    if not request.htmx:
        return back_to(request, public_id)
    return _note(request, conversation, saved=True)


@require_safe
@agent_view
def visitor_history(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    context = {"trail": read_trail(conversation.visitor)}
    return _section(request, conversation, "history", 200, context)


def _note(
    request: AgentRequest,
    conversation: Conversation,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    context.setdefault("note", read_note(conversation.visitor))
    context["max_note_length"] = NOTE_LENGTH
    return _section(request, conversation, "note", status, context)


def _section(
    request: AgentRequest,
    conversation: Conversation,
    name: str,
    status: int,
    context: dict[str, Any],
) -> HttpResponse:
    """The section alone for htmx, else as a small page of its own."""
    section = f"conversations/_visitor_{name}.html"
    context |= {"conversation": conversation, "section": section}
    bare = request.htmx and not request.htmx.history_restore_request
    template = section if bare else "conversations/visitor_section.html"
    return render(request, template, context, status=status)
