"""Results of searches as files: ask for one, watch it grow, take it."""

from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from conversations import services
from conversations.exceptions import ConversationError, TookTooLong
from conversations.exporting.results import MAX_ROWS, rights_of
from conversations.inbox import MAX_COUNT, InboxQuery, count_found
from conversations.models import Export
from conversations.querysets import ExportQuerySet
from conversations.tasks import write_export
from conversations.time_limits import limited
from conversations.views.desk import AgentRequest, agent_view, posted_query, wants
from conversations.views.exporting import as_download

# Milliseconds for each query.
TIME_TO_COUNT = 2_000


@require_safe
@agent_view
def export_list(request: AgentRequest) -> HttpResponse:
    """One's own exports; with `new`, what would be exported first."""
    exports = list(_own(request))
    rights = rights_of(request.user)
    context = {
        # As `export_file` decides.
        "refused": {export.pk for export in exports if export.rights != rights},
        "rights_changed": Export.Reason.RIGHTS.label,
        "exports": exports,
        "is_growing": any(export.is_unfinished for export in exports),
        "max_rows": MAX_ROWS,
    }
    if wants(request, "exports"):
        return render(request, "conversations/_exports.html", context)
    if request.GET.get("new") == "1":
        query = InboxQuery.parse(request.GET)
        number = _number_of(request, query)
        context |= {
            "query": query,
            "number": number and min(number, MAX_COUNT),
            "is_more": number is not None and number > MAX_COUNT,
            "has_none": number == 0,
        }
    return render(request, "conversations/exports.html", context)


def _number_of(request: AgentRequest, query: InboxQuery) -> int | None:
    """How many would be exported, if that can be said before."""
    if query.url:
        # Addresses are looked for row by row.
        return None
    try:
        with limited(TIME_TO_COUNT):
            return count_found(request.user, query)
    except TookTooLong:
        return None


@require_POST
@agent_view
def export_start(request: AgentRequest) -> HttpResponse:
    # Read and written anew: nothing is kept that the list would not understand.
    query = posted_query(request)
    try:
        export = services.request_export(
            agent=request.user, query=query.encoded, now=timezone.now()
        )
    except ConversationError as error:
        messages.error(request, str(error))
    else:
        write_export.delay_on_commit(export.pk)
    return redirect("conversations:exports")


@require_POST
@agent_view
def export_discard(request: AgentRequest, public_id: UUID) -> HttpResponse:
    """Cancel or delete: either way it is gone."""
    services.discard_export(
        export=get_object_or_404(_own(request), public_id=public_id)
    )
    return redirect("conversations:exports")


@require_safe
@agent_view
def export_file(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    """For who asked for it, as long as they may see what they saw then."""
    export = get_object_or_404(_own(request), public_id=public_id)
    if not export.is_done or export.rights != rights_of(request.user):
        raise Http404
    try:
        file = default_storage.open(export.path)
    except FileNotFoundError as error:
        raise Http404 from error
    services.note_export_taken(export=export, agent=request.user)
    day = timezone.localtime(export.created_at).date().isoformat()
    name = f"conversations-{day}-{export.public_id.hex[:6]}.csv"
    return as_download(file, name, "text/csv; charset=utf-8")


def _own(request: AgentRequest) -> ExportQuerySet:
    own = Export.objects.visible_to(request.user)
    return own.filter(expires_at__gt=timezone.now())
