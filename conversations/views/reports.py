from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from conversations.reporting.report import Report, report_of
from conversations.views.exporting import FILE_POLICY
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.core.spreadsheet import as_csv


@require_safe
@full_access_required
def report(request: HttpRequest) -> HttpResponse:
    is_part = request.htmx  # type: ignore[attr-defined]
    response = render(
        request,
        "conversations/_report.html" if is_part else "conversations/report.html",
        {"report": _report(request), "page_section": "reports"},
    )
    response["Vary"] = "HX-Request"
    return response


@require_safe
@full_access_required
def report_table(request: HttpRequest, table: str) -> HttpResponse:
    found = _report(request)
    if table not in found.tables:
        raise Http404
    period = found.query.period
    name = f"{table}-{period.first.isoformat()}-{period.last.isoformat()}.csv"
    return HttpResponse(
        as_csv(found.tables[table].cells()),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": FILE_POLICY,
        },
    )


def _report(request: HttpRequest) -> Report:
    agent = agent_of(request)
    if agent.account is None:
        raise Http404
    today = timezone.now().astimezone(agent.account.tz).date()
    return report_of(agent, request.GET, today)
