"""The visitor card."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from conversations import services
from conversations.forms.visitors import ContactForm
from conversations.models import Conversation
from conversations.services.contact import FIELDS
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    frame,
    posted_query,
    visible_conversation,
)
from conversations.views.inbox import empty_context, list_context, thread_context
from visitors.exceptions import InvalidContact


@require_POST
@agent_view
def visitor_edit(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _invalid(request, conversation, form)
    values = form.given()
    try:
        services.change_contact(
            conversation_id=conversation.pk, agent=request.user, **values
        )
    except InvalidContact as error:
        form.add_error(error.field, str(error))
        return _invalid(request, conversation, form)
    if not request.htmx:
        return back_to(request, public_id)
    conversation = visible_conversation(request, public_id)
    context = {
        "conversation": conversation,
        "query": posted_query(request),
        "fields": list(values),
        "saved": next((field for field in FIELDS if field in values), ""),
    }
    return render(request, "conversations/card_answer.html", context)


def _invalid(
    request: AgentRequest, conversation: Conversation, form: ContactForm
) -> HttpResponse:
    query = posted_query(request)
    if request.htmx:
        context = {"conversation": conversation, "query": query, "contact": form}
        context["fields"] = list(form.data)
        return render(request, "conversations/card_answer.html", context, status=422)
    context = thread_context(request, query, conversation.public_id)
    context |= frame(request, query) | list_context(request, query)
    context |= empty_context(request, context)
    context |= {"selected_id": conversation.public_id, "contact": form}
    return render(request, "conversations/inbox.html", context, status=422)
