"""Settings: canned replies; everybody's own, and the shared ones."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from conversations import services
from conversations.access import can_edit_reply
from conversations.exceptions import AttachmentError, ConversationError, NotAllowed
from conversations.forms.canned_replies import CannedReplyForm
from conversations.models import CannedReply, CannedReplyFile, Conversation
from conversations.placeholders import PLACEHOLDERS, unknown_placeholders
from conversations.services.canned_replies import MAX_TEXT_LENGTH, ShortcutError
from conversations.views.canned_offer import asked_words
from conversations.views.desk import AgentRequest, agent_view
from conversations.views.files import download_of

PAGE_SIZE = 50
_HERE = {"page_section": "settings", "settings_here": "canned-replies"}


@require_safe
@agent_view
def reply_list(request: AgentRequest) -> HttpResponse:
    words = asked_words(request)
    rows = CannedReply.objects.visible_to(request.user).matching(words)
    rows = rows.best_first(words).prefetch_related("files")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "words": words, **_HERE}
    return render(request, "settings/canned_replies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@agent_view
def reply_create(request: AgentRequest) -> HttpResponse:
    """A new reply; `draft` brings the text of a composer, to be saved under a name."""
    if request.method != "POST" or "draft" in request.POST:
        initial = {"text": request.POST.get("text", "")[:MAX_TEXT_LENGTH]}
        return _page(request, CannedReplyForm(agent=request.user, initial=initial))
    form = CannedReplyForm(request.POST, request.FILES, agent=request.user)
    if not _save(request, form):
        return _page(request, form, status=422)
    return _done(request)


@require_http_methods(["GET", "HEAD", "POST"])
@agent_view
def reply_edit(request: AgentRequest, pk: int) -> HttpResponse:
    reply = _reply(request, pk)
    if not can_edit_reply(request.user, reply):
        raise PermissionDenied
    if request.method != "POST":
        fields = ("shortcut", "title", "text", "is_shared")
        initial = {name: getattr(reply, name) for name in fields}
        form = CannedReplyForm(agent=request.user, initial=initial)
        return _page(request, form, reply)
    form = CannedReplyForm(request.POST, request.FILES, agent=request.user)
    if not _save(request, form, reply):
        return _page(request, form, reply, status=422)
    return _done(request)


@require_POST
@agent_view
def reply_delete(request: AgentRequest, pk: int) -> HttpResponse:
    reply = _reply(request, pk)
    try:
        services.delete_canned_reply(agent=request.user, reply=reply)
    except NotAllowed as error:
        raise PermissionDenied from error
    messages.success(
        request, _("/%(shortcut)s is deleted.") % {"shortcut": reply.shortcut}
    )
    return redirect("settings:canned_replies")


@require_safe
@agent_view
def file_download(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    files = CannedReplyFile.objects.visible_to(request.user)
    return download_of(get_object_or_404(files, public_id=public_id))


def _reply(request: AgentRequest, pk: int) -> CannedReply:
    return get_object_or_404(CannedReply.objects.visible_to(request.user), pk=pk)


def _save(
    request: AgentRequest, form: CannedReplyForm, reply: CannedReply | None = None
) -> bool:
    """Whether it is stored; if not, the form says why."""
    if not form.is_valid():
        return False
    try:
        stored = services.save_canned_reply(
            agent=request.user, reply=reply, **form.fields_to_store()
        )
    except NotAllowed as error:
        raise PermissionDenied from error
    except AttachmentError as error:
        form.add_error("files", str(error))
        return False
    except ShortcutError as error:
        form.add_error("shortcut", str(error))
        return False
    except ConversationError as error:
        form.add_error("text", str(error))
        return False
    messages.success(
        request, _("/%(shortcut)s is saved.") % {"shortcut": stored.shortcut}
    )
    _warn_of_unknown(request, stored)
    return True


def _warn_of_unknown(request: AgentRequest, reply: CannedReply) -> None:
    unknown = unknown_placeholders(reply.text)
    if unknown:
        text = ngettext(
            "This is no placeholder and will stay as it is: %(names)s",
            "These are no placeholders and will stay as they are: %(names)s",
            len(unknown),
        )
        names = ", ".join(unknown[:5])
        messages.warning(request, text % {"names": names})


def _done(request: AgentRequest) -> HttpResponse:
    """Back to the conversation whose composer the text came from, or to the list."""
    try:
        public_id = UUID(request.GET.get("conversation", ""))
    except ValueError:
        return redirect("settings:canned_replies")
    visible = Conversation.objects.visible_to(request.user)
    if not visible.filter(public_id=public_id).exists():
        return redirect("settings:canned_replies")
    return redirect("conversations:conversation", public_id)


def _page(
    request: AgentRequest,
    form: CannedReplyForm,
    reply: CannedReply | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "reply": reply,
        "files": reply.files.all() if reply else (),
        "placeholders": PLACEHOLDERS.items(),
        "removed": set(form.cleaned_data.get("removed", ())) if form.is_bound else (),
        **_HERE,
    }
    return render(request, "settings/canned_reply.html", context, status=status)
