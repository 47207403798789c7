"""Long answers in pieces: memory does not grow with what is sent.

What Django cannot await it collects to the end before the first byte leaves.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from typing import IO, TypeVar, cast

from asgiref.sync import sync_to_async
from django.http import FileResponse

T = TypeVar("T", str, bytes)


async def as_they_come(pieces: Iterable[T]) -> AsyncIterator[T]:
    """In the request's thread, which has the connection; an empty piece is the last."""
    content = iter(pieces)
    take = sync_to_async(lambda: next(content, None))
    while piece := await take():
        yield piece


class StreamedFile(FileResponse):
    """A file as an answer, with its length; closed with the answer, however that ends."""

    block_size = 64 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = cast("IO[bytes]", self.file_to_stream)
        # Of one whose client left, the handler forgets to close the answer.
        with closing(file):
            pieces = iter(lambda: file.read(self.block_size), b"")
            async for piece in as_they_come(pieces):
                yield piece
