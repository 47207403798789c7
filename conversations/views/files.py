"""Files that came with messages."""

from uuid import UUID

from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from conversations.models import Attachment
from conversations.views.desk import AgentRequest, agent_view


@require_safe
@agent_view
def attachment_download(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    """Always as a download: no file of a stranger is ever opened as a page of ours."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.user), public_id=public_id
    )
    try:
        file = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(
        file,
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
