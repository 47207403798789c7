"""Pictures in a conversation's PDF: small, made anew, and never too many."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image
from pypdf import PdfReader

from conversations.exporting import thumbnails
from conversations.models import Attachment
from tests import factories
from tests.conversations.papers import download, pictures, read, words

pytestmark = pytest.mark.django_db


def drawn(size, kind="PNG", color=(200, 30, 30)):
    content = io.BytesIO()
    Image.new("RGB", size, color).save(content, kind)
    return content.getvalue()


def test_pictures_are_made_small_and_anew(anna, conversation, upload):
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (3_000, 1_000)).save(content, "JPEG", exif=exif)
    factories.visitor_writes(
        conversation, uploads=[upload("wide.jpg", content.getvalue())]
    )

    response = download(anna, conversation)
    body = b"".join(response.streaming_content)
    [image] = pictures(PdfReader(io.BytesIO(body)))

    assert image.image.size == (640, 213)
    assert b"taken at home" not in body


def test_pictures_are_limited_and_all_are_named(
    anna, conversation, upload, monkeypatch
):
    monkeypatch.setattr(thumbnails, "MAX_PICTURES", 2)
    for number in range(4):
        factories.visitor_writes(
            conversation, uploads=[upload(f"p{number}.png", drawn((20 + number, 20)))]
        )

    reader = read(download(anna, conversation))

    assert len(pictures(reader)) == 2
    text = words(reader)
    assert all(f"p{number}.png" in text for number in range(4))


@pytest.mark.parametrize(
    ("limit", "value"),
    [("MAX_PIXELS", 399), ("MAX_BYTES", 10), ("MAX_PIXELS_TOGETHER", 399)],
)
def test_pictures_that_cost_too_much_are_only_named(
    anna, conversation, upload, monkeypatch, limit, value
):
    monkeypatch.setattr(thumbnails, limit, value)
    picture = upload("big.png", drawn((20, 20)))
    factories.visitor_writes(conversation, uploads=[picture])

    reader = read(download(anna, conversation))

    assert pictures(reader) == []
    assert "big.png" in words(reader)


def test_the_pictures_own_header_counts(anna, conversation, upload, monkeypatch):
    picture = upload("bomb.png", drawn((500, 500)))
    factories.visitor_writes(conversation, uploads=[picture])
    Attachment.objects.update(width=10, height=10)
    monkeypatch.setattr(thumbnails, "MAX_PIXELS", 1_000)

    assert pictures(read(download(anna, conversation))) == []


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_pictures_that_cannot_be_read_are_only_named(
    anna, conversation, upload, damage
):
    factories.visitor_writes(
        conversation, uploads=[upload("broken.jpg", drawn((90, 90), "JPEG"))]
    )
    path = Attachment.objects.get().file.name
    with default_storage.open(path) as file:
        content = file.read()
    default_storage.delete(path)
    if damage != "gone":
        left = content[:200] if damage == "cut" else b"<svg onload=alert(1)>"
        with default_storage.open(path, "wb") as file:
            file.write(left)

    reader = read(download(anna, conversation))

    assert pictures(reader) == []
    assert "broken.jpg" in words(reader)
    assert "The picture could not be read." in words(reader)


class OfTheStorage(Exception):
    """What each storage has of its own."""


def test_storage_that_fails_costs_the_pictures_and_is_asked_once(
    anna, conversation, upload, monkeypatch
):
    for number in range(3):
        factories.visitor_writes(
            conversation, uploads=[upload(f"p{number}.png", drawn((20, 20)))]
        )
    asked = []

    def fail(self, *args):
        asked.append(self)
        raise OfTheStorage

    monkeypatch.setattr(type(default_storage._wrapped), "open", fail)
    reader = read(download(anna, conversation))

    assert pictures(reader) == []
    assert words(reader).count("The picture could not be read.") == 3
    assert len(asked) == 1
