"""Files that came with messages."""

from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from conversations.models import Attachment, CannedReplyFile
from conversations.views.desk import AgentRequest, agent_view
from conversations.views.exporting import as_download
from supportdesk.core.streaming import StreamedFile


@require_safe
@agent_view
def attachment_download(request: AgentRequest, public_id: UUID) -> HttpResponseBase:
    """Always as a download: no file of a stranger is ever opened as a page of ours."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.user), public_id=public_id
    )
    return download_of(attachment)


def download_of(stored: Attachment | CannedReplyFile) -> StreamedFile:
    """The file under its own name, nothing of which a browser runs or shows as ours."""
    try:
        file = stored.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return as_download(file, stored.name, stored.content_type)
