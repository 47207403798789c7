"""Answers and notes."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from conversations import services
from conversations.exceptions import AnsweredMeanwhile, ConversationError
from conversations.forms.composing import ComposerForm, fresh_composer
from conversations.models import Conversation, Message
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    composer_context,
    frame,
    posted_query,
    visible_conversation,
)
from conversations.views.inbox import (
    empty_context,
    list_context,
    thread_context,
)


@require_POST
@agent_view
def conversation_reply(request: AgentRequest, public_id: UUID) -> HttpResponse:
    # Without script the same form sends both; a note must never go out.
    kind = request.POST.get("kind") or Message.Kind.MESSAGE
    return _compose(request, public_id, kind)


@require_POST
@agent_view
def conversation_note(request: AgentRequest, public_id: UUID) -> HttpResponse:
    return _compose(request, public_id, Message.Kind.NOTE)


def _compose(request: AgentRequest, public_id: UUID, kind: str) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    data = request.POST.copy()
    data["kind"] = kind
    form = ComposerForm(data, request.FILES)
    if not form.is_valid():
        return _again(request, conversation, form)
    write: Callable[..., Message] = partial(services.post_agent_message, seen=form.seen)
    if kind == Message.Kind.NOTE:
        write = services.add_note
    copied = services.open_canned_files(
        agent=request.user, public_ids=form.cleaned_data["canned_files"]
    )
    try:
        with copied as copies:
            write(
                conversation_id=conversation.pk,
                agent=request.user,
                text=form.cleaned_data["text"],
                client_id=form.cleaned_data["client_id"],
                uploads=[*copies, *form.cleaned_data["files"]],
            )
    except AnsweredMeanwhile as error:
        # Sent once more, it is by an agent who has seen the colleague's answer.
        data["seen_seq"] = str(error.seen_seq)
        data["numbering"] = str(error.numbering)
        return _again(request, conversation, form, status=409, meanwhile=error)
    except ConversationError as error:
        form.add_error("text", str(error))
        return _again(request, conversation, form)
    # Who answers has read what stood there when the form was sent.
    services.mark_read(conversation=conversation, agent=request.user)
    resolves = form.cleaned_data["then"] == "resolve" and kind == Message.Kind.MESSAGE
    refused = _resolve(request, conversation) if resolves else None
    if not request.htmx:
        if refused:
            messages.error(request, str(refused))
        return back_to(request, public_id)
    context = {
        "conversation": visible_conversation(request, public_id),
        "query": posted_query(request),
        "refused": refused,
        **composer_context(fresh_composer(kind)),
    }
    if resolves:
        context |= frame(request, context["query"])
    return render(request, "conversations/composer_answer.html", context)


def _resolve(
    request: AgentRequest, conversation: Conversation
) -> ConversationError | None:
    """The message is stored already: a refusal is told beside it."""
    try:
        services.resolve_conversation(
            conversation_id=conversation.pk, agent=request.user
        )
    except ConversationError as error:
        return error
    return None


def _again(
    request: AgentRequest,
    conversation: Conversation,
    form: ComposerForm,
    *,
    status: int = 422,
    meanwhile: AnsweredMeanwhile | None = None,
) -> HttpResponse:
    """The text stays in the box, with the reason beside it."""
    query = posted_query(request)
    composer = {**composer_context(form), "meanwhile": meanwhile}
    if request.htmx:
        context = {"conversation": conversation, "query": query, **composer}
        return render(request, "conversations/_composer.html", context, status=status)
    context = thread_context(request, query, conversation.public_id)
    context |= frame(request, query) | list_context(request, query)
    context |= empty_context(request, context)
    context |= {"selected_id": conversation.public_id, **composer}
    return render(request, "conversations/inbox.html", context, status=status)
