"""The first message to a visitor: a dialog on the page of live visitors, or a page."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from channels_integration.website import starting
from conversations.access import approachable_visitors
from conversations.exceptions import ConversationError
from conversations.forms.composing import ComposerForm, fresh_composer
from conversations.inbox import InboxQuery
from conversations.models import Conversation
from conversations.services.posting import MAX_TEXT_LENGTH
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    conversation_address,
    frame,
)
from supportdesk.accounts.models import User
from visitors.models import Visitor


@dataclass(frozen=True)
class Running:
    """What an agent who comes second is told."""

    text: str
    conversation: Conversation | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@agent_view
def conversation_start(request: AgentRequest, public_id: UUID) -> HttpResponse:
    visitor = get_object_or_404(
        approachable_visitors(request.user), public_id=public_id
    )
    if request.method != "POST":
        conversation = starting.running_conversation(visitor)
        if conversation is None:
            return _page(request, visitor, fresh_composer(), 200)
        told = _told(request.user, conversation)
        if told.conversation is not None:
            return _go_to(request, told.conversation)
        return _page(request, visitor, fresh_composer(), 409, running=told)
    form = ComposerForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, form, 422)
    try:
        conversation = starting.start_with_visitor(
            visitor=visitor,
            agent=request.user,
            text=form.cleaned_data["text"],
            client_id=form.cleaned_data["client_id"],
        )
    except starting.AlreadyRunning as error:
        told = _told(request.user, error.conversation)
        return _page(request, visitor, form, 409, running=told)
    except ConversationError as error:
        form.add_error("text", str(error))
        return _page(request, visitor, form, 422)
    return _go_to(request, conversation)


def _told(agent: User, conversation: Conversation) -> Running:
    visible = Conversation.objects.visible_to(agent).filter(pk=conversation.pk)
    if not visible.exists():
        return Running(_("A colleague is already talking with this visitor."))
    names = [str(person) for person in conversation.people if person.id != agent.pk]
    if not names:
        text = _("There is already an open conversation with this visitor.")
    else:
        text = _("%(name)s is already talking with this visitor.") % {
            "name": ", ".join(names)
        }
    return Running(text, conversation)


def _go_to(request: AgentRequest, conversation: Conversation) -> HttpResponse:
    address = conversation_address(conversation.public_id, InboxQuery())
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _page(
    request: AgentRequest,
    visitor: Visitor,
    form: ComposerForm,
    status: int,
    **context: Any,
) -> HttpResponse:
    context |= {
        "visitor": visitor,
        "form": form,
        "page": starting.current_page(visitor),
        "max_text_length": MAX_TEXT_LENGTH,
        "page_section": "visitors",
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "website/_start.html", context, status=status)
    context |= frame(request, InboxQuery())
    return render(request, "website/start.html", context, status=status)
