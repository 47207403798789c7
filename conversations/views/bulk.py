"""Many rows of the list at once, and the way back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conversations import services
from conversations.bulk import act_of, done_text, read_token, undo_of, undo_token
from conversations.exceptions import ConversationError
from conversations.forms.actions import BulkForm, first_error
from conversations.models import Conversation
from conversations.services.bulk import Outcome, not_available
from conversations.views.desk import (
    AgentRequest,
    agent_view,
    inbox_address,
    posted_query,
)


@require_POST
@agent_view
def conversation_bulk(request: AgentRequest) -> HttpResponse:
    """Do it with all that are selected and say how many, and which were left out."""
    agent = request.user
    form = BulkForm(request.POST)
    if not form.is_valid():
        return _answer(request, str(first_error(form)), is_error=True)
    ids, (verb, value) = form.cleaned_data["ids"], form.cleaned_data["do"]
    try:
        act = act_of(agent, verb, value)
    except ConversationError as error:
        return _answer(request, str(error), is_error=True)
    visible = Conversation.objects.visible_to(agent).filter(public_id__in=ids)
    keys = list(visible.values_list("pk", flat=True))
    outcome = services.in_bulk(conversation_ids=keys, act=act)
    if len(keys) < len(ids):
        outcome.refused[not_available()] += len(ids) - len(keys)
    return _answer(
        request,
        _summary(done_text(verb, outcome.done), outcome),
        is_error=not outcome.done,
        token=undo_token(agent, verb, value, outcome.changes),
    )


@require_POST
@agent_view
def conversation_bulk_undo(request: AgentRequest) -> HttpResponse:
    """Take back what a token notes, as far as the agent still sees it."""
    agent = request.user
    try:
        verb, value, changes = read_token(agent, request.POST.get("token", ""))
    except ConversationError as error:
        return _answer(request, str(error), is_error=True)
    keys = [change.pk for change in changes]
    visible = Conversation.objects.visible_to(agent).filter(pk__in=keys)
    seen = set(visible.values_list("pk", flat=True))
    outcome = services.undo_in_bulk(
        changes=[change for change in changes if change.pk in seen],
        act=undo_of(agent, verb, value),
    )
    if len(seen) < len(keys):
        outcome.refused[not_available()] += len(keys) - len(seen)
    done = ngettext(
        "Undone for %(number)s conversation.",
        "Undone for %(number)s conversations.",
        outcome.done,
    ) % {"number": outcome.done}
    return _answer(request, _summary(done, outcome), is_error=not outcome.done)


def _summary(done: str, outcome: Outcome) -> str:
    left_out = [
        _("%(number)s left out: %(reason)s") % {"number": number, "reason": reason}
        for reason, number in outcome.refused.items()
    ]
    return " ".join([done, *left_out])


def _answer(
    request: AgentRequest, text: str, *, is_error: bool, token: str | None = None
) -> HttpResponse:
    if not request.htmx:
        level = messages.ERROR if is_error else messages.SUCCESS
        messages.add_message(request, level, text)
        return redirect(inbox_address(posted_query(request)))
    context = {"text": text, "level": "error" if is_error else "", "token": token}
    return render(request, "conversations/_bulk_toast.html", context)
