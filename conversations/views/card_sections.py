"""Sections of the visitor card: each loads, fails and is asked for anew by itself."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from conversations.forms.visitors import VisitorNoteForm
from conversations.inbox import InboxQuery
from conversations.models import Conversation
from conversations.thread import open_conversation
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    card_context,
    visible_conversation,
)
from visitors.customer import customer_expression, shown_items
from visitors.exceptions import NoteConflict, VisitorError
from visitors.models import Visit
from visitors.services import NOTE_LENGTH, note_of, read_note, save_note
from visitors.trail import pages_of, read_trail

SHOWN_ITEMS = 8


@require_safe
@agent_view
def visitor_head(request: AgentRequest, public_id: UUID) -> HttpResponse:
    return _at_once(request, public_id, "head")


@require_safe
@agent_view
def visitor_contact(request: AgentRequest, public_id: UUID) -> HttpResponse:
    return _at_once(request, public_id, "contact")


@require_safe
@agent_view
def visitor_conversations(request: AgentRequest, public_id: UUID) -> HttpResponse:
    return _at_once(request, public_id, "conversations")


@require_safe
@agent_view
def visitor_state(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """What stands under the name: blocked, merged."""
    return _at_once(request, public_id, "state")


@require_safe
@agent_view
def visitor_note(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id, "visitor__note__agent")
    return _note(request, conversation, note=note_of(conversation.visitor))


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
        note = save_note(
            visitor=conversation.visitor, agent=request.user, **form.cleaned_data
        )
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
    return _note(request, conversation, note=note, saved=True)


@require_safe
@agent_view
def visitor_customer(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(
        request, public_id, customer_rows=customer_expression("visitor")
    )
    rows = conversation.customer_rows  # type: ignore[attr-defined]
    items = shown_items(rows, conversation.account)
    context = {
        "items": items[:SHOWN_ITEMS],
        "folded": items[SHOWN_ITEMS:],
        "number": len(items),
    }
    return _section(request, conversation, "customer", 200, context)


@require_safe
@agent_view
def visitor_history(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """The last visit; with `?with=glance` also what the rest of the card says of it."""
    conversation = visible_conversation(request, public_id)
    trail = read_trail(conversation.visitor)
    context = {"trail": trail, "glance": trail.glance}
    context["with_glance"] = request.GET.get("with") == "glance"
    return _section(request, conversation, "history", 200, context)


@require_safe
@agent_view
def visitor_visit(request: AgentRequest, public_id: UUID, pk: int) -> HttpResponse:
    """One of the visits before."""
    conversation = visible_conversation(request, public_id)
    visit = get_object_or_404(Visit, visitor=conversation.visitor, pk=pk)
    context = {"visit": visit, "pages": list(pages_of(visit))}
    return _section(request, conversation, "visit", 200, context)


def _at_once(request: AgentRequest, public_id: UUID, name: str) -> HttpResponse:
    """A section that the page of the conversation holds already, from fresh state."""
    opened = open_conversation(request.user, public_id)
    context = card_context(request, opened)
    context["query"] = InboxQuery.parse(request.GET)
    return _section(request, opened.conversation, name, 200, context)


def _note(
    request: AgentRequest,
    conversation: Conversation,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    if "note" not in context:
        context["note"] = read_note(conversation.visitor)
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
