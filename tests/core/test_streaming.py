from contextlib import aclosing

import pytest

from supportdesk.core.streaming import StreamedFile

PIECE = 64 * 1024
CONTENT = bytes(range(256)) * 800


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "large.zip"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        yield file


async def test_file_is_read_as_it_is_sent(file):
    response = StreamedFile(file)

    async with aclosing(aiter(response)) as pieces:
        first = await anext(pieces)
        read = file.tell()
        rest = [piece async for piece in pieces]

    assert response["Content-Length"] == str(len(CONTENT))
    assert (len(first), read) == (PIECE, PIECE)
    assert b"".join([first, *rest]) == CONTENT
    assert {len(piece) for piece in rest[:-1]} == {PIECE}
    assert file.closed


async def test_file_is_closed_when_the_client_leaves(file):
    async with aclosing(aiter(StreamedFile(file))) as pieces:
        await anext(pieces)

    assert file.closed


# Who closes an answer closes the connection, too, if it is old.
@pytest.mark.django_db
def test_file_is_sent_without_a_loop_too(file):
    response = StreamedFile(file)

    assert b"".join(response) == CONTENT
    response.close()
    assert file.closed
