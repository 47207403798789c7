"""Settings, history: who changed what."""

import tempfile

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from supportdesk.accounts import history, services
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.history_form import HistoryForm
from supportdesk.core.spreadsheet import BOM, as_lines
from supportdesk.core.streaming import StreamedFile


@never_cache
@require_safe
@full_access_required
def history_page(request: HttpRequest) -> HttpResponse:
    form = HistoryForm(request.GET, agent=agent_of(request))
    asked = form.asked()
    rows = history.found(agent_of(request), **asked)
    lines, following = history.page_of(rows, request.GET.get("before", ""))
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form,
        "lines": lines,
        "query": query.urlencode(),
        "following": following,
        "is_first": "before" not in request.GET,
        "is_filtered": any(asked.values()),
        "page_section": "settings",
        "settings_here": "history",
    }
    return render(request, "accounts/history.html", context)


@never_cache
@require_safe
@full_access_required
def history_file(request: HttpRequest) -> StreamedFile:
    """Written to the end before the first byte leaves: half a file looks whole."""
    agent = agent_of(request)
    rows = history.found(agent, **HistoryForm(request.GET, agent=agent).asked())
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    file.write(BOM.encode())
    for row in history.table_of(rows):
        file.write(as_lines([row]).encode())
    file.seek(0)
    services.note_history_exported(agent=agent)
    response = StreamedFile(
        file,
        as_attachment=True,
        filename=f"history-{timezone.localdate().isoformat()}.csv",
        content_type="text/csv; charset=utf-8",
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
