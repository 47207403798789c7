"""Handing a conversation on: a small page of its own, so that it takes more than a
click and works without script."""

import uuid
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import services
from conversations.access import is_assigned_to
from conversations.exceptions import ConversationError
from conversations.forms.actions import TransferForm
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    back_to,
    visible_conversation,
)
from supportdesk.accounts import presence


@require_http_methods(["GET", "HEAD", "POST"])
@agent_view
def conversation_transfer(request: AgentRequest, public_id: UUID) -> HttpResponse:
    conversation = visible_conversation(request, public_id)
    form = TransferForm(
        request.POST if request.method == "POST" else None,
        agent=request.user,
        states=presence.states(conversation.account_id),
        initial={"client_id": uuid.uuid4()},
    )
    form.fields["note"].widget.attrs["data-mentions-url"] = reverse(
        "conversations:colleagues", args=[public_id]
    )
    if form.is_valid():
        try:
            services.transfer_conversation(
                conversation_id=conversation.pk, by=request.user, **form.cleaned_data
            )
        except ConversationError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The conversation is transferred."))
            return back_to(request, public_id)
    context = {
        "form": form,
        "conversation": conversation,
        "visitor": conversation.visitor,
        "is_mine": is_assigned_to(request.user, conversation),
    }
    status = 422 if form.is_bound else 200
    return render(request, "conversations/transfer.html", context, status=status)
