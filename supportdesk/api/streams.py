"""Long answers in pieces: memory does not grow with what is sent."""

from collections.abc import Iterable, Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from supportdesk.core.streaming import as_they_come

PIECE = 32 * 1024


def stream_json(
    request: HttpRequest, pieces: Iterable[str], name: str
) -> StreamingHttpResponse:
    """The document that `pieces` make, as a file."""
    content = _larger(pieces)
    return StreamingHttpResponse(
        as_they_come(content) if isinstance(request, ASGIRequest) else content,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _larger(pieces: Iterable[str]) -> Iterator[str]:
    collected, size = [], 0
    for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(collected)
            collected, size = [], 0
    yield "".join(collected)
