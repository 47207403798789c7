"""Files that want to be something else, and who still gets them."""

import io
import re
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from channels_integration.website.services import revoke_session
from conversations import services
from conversations.exceptions import AttachmentError
from conversations.models import Attachment
from conversations.services import attachments
from supportdesk.accounts import services as accounts
from tests import factories
from tests.channels_integration.browser import PNG, new_id, open_browser
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

# What a browser would run or show as a page if it were called so.
ACTIVE = re.compile(r"html|svg|script|x-php|shockwave|xml$", re.I)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(name, content, content_type="application/octet-stream"):
    return services.check_upload(SimpleUploadedFile(name, content, content_type))


def picture(kind="JPEG", **more):
    content = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(content, kind, **more)
    return content.getvalue()


def chunk(name, data):
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def huge_png(side):
    """Says it is a square of so many pixels; a hundred bytes."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + chunk(b"IEND", b"")
    )


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
XHTML = b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("x.svg", SVG, "image/svg+xml"),
        ("x.svg", SVG, "image/svg+xml; x"),
        ("x.svg", SVG, "image/png"),
        ("x.png", SVG, "image/png"),
        ("x.svgz", SVG, "image/png"),
        ("x.svg\u200b", SVG, "image/png"),
        ("x.xhtml", XHTML, "application/xhtml+xml"),
        ("x.html\u202e", XHTML, "text/plain"),
        ("x.js", b"alert(1)", "text/plain"),
        ("x.mjs", b"alert(1)", "text/plain"),
        ("\u200b.htaccess", b"AddType text/html .txt", "text/plain"),
        ("a.php.jpg", b"<?php system($_GET[0]);", "image/jpeg"),
        ("a.jpg.php", b"<?php system($_GET[0]);", "image/jpeg"),
        ("x.pdf", b"<script>alert(1)</script>%PDF-1.7", "application/pdf"),
        ("x.zip", b"PK\x03\x04" + b"\0" * 64, "application/zip"),
        ("x.txt", b"\0\0\0\0", "text/plain"),
        ("x.png", huge_png(30_000), "image/png"),
    ],
)
def test_what_is_not_what_it_says_is_refused(name, content, content_type):
    with pytest.raises(AttachmentError):
        upload(name, content, content_type)


@pytest.mark.parametrize(
    ("name", "content", "stored", "content_type"),
    [
        # A picture that is a script too is a picture, whatever its name.
        ("x.js", picture("GIF") + b"/*=1;alert(1)//", "x.js.gif", "image/gif"),
        ("x.html", picture() + XHTML, "x.html.jpg", "image/jpeg"),
        ("x.svg", picture("PNG"), "x.svg.png", "image/png"),
        ("a.php.jpg", picture(), "a.php.jpg", "image/jpeg"),
        # Text is only ever text.
        ("x.xml", XHTML, "x.xml", "text/plain"),
        ("x.txt", XHTML, "x.txt", "text/plain"),
        ("x.csv", b"=cmd|' /C calc'!A0", "x.csv", "text/plain"),
    ],
)
def test_what_is_taken_is_served_as_what_it_is(name, content, stored, content_type):
    checked = upload(name, content, "text/html")

    assert (checked.name, checked.content_type) == (stored, content_type)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_every_kind_of_picture_is_taken(kind):
    checked = upload(f"x.{kind.lower()}", picture(kind))

    assert checked.content_type == f"image/{kind.lower()}"
    assert (checked.width, checked.height) == (20, 10)


def test_two_pictures_of_a_camera_in_one_are_a_jpeg():
    second = Image.new("RGB", (20, 10), "blue")
    content = picture("MPO", save_all=True, append_images=[second])

    checked = upload("x.jpg", content)

    assert (checked.name, checked.content_type) == ("x.jpg", "image/jpeg")


def test_no_type_that_is_stored_is_one_that_runs():
    types = {kind for kind, _extension in attachments._IMAGES.values()}
    types |= set(attachments._MEDIA) | set(attachments._OLD_OFFICE.values())

    assert [kind for kind in types if ACTIVE.search(kind)] == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.txt", "boot.txt"),
        ("/var/x.txt", "x.txt"),
        ("..", "file"),
        ("a\r\nContent-Type: text%2Fhtml.txt", "aContent-Type_ text%2Fhtml.txt"),
        ('a";filename="b.html', "a_;filename=_b.html"),
        ("\u200b\u202egnp.exe", "gnp.exe"),
        ("\x00.txt", "txt"),
    ],
)
def test_names_hold_no_path_and_no_header(name, safe):
    assert attachments.safe_name(name) == safe


def test_same_name_twice_is_two_files_whose_places_nobody_guesses():
    conversation = factories.make_conversation()
    uploads = [upload("../x.png", PNG), upload("../x.png", PNG)]
    factories.visitor_writes(conversation, "", uploads=uploads)

    first, second = Attachment.objects.all()

    for found in (first, second):
        assert re.fullmatch(r"attachments/[0-9a-f]{32}", found.file.name)
        assert found.name == "x.png"
        # Random, not counted: 122 bits.
        assert found.public_id.version == 4
    assert first.file.name != second.file.name
    assert first.public_id.int >> 64 != second.public_id.int >> 64


# Who still gets them


def file_addresses(conversation):
    attachment = Attachment.objects.get(message__conversation=conversation)
    choice = "?format=pdf&content=all"
    file = reverse("conversations:conversation_file", args=[conversation.public_id])
    return [
        reverse("conversations:attachment", args=[attachment.public_id]),
        file + choice,
        file + choice.replace("pdf", "text"),
    ]


def statuses(client, addresses):
    found = []
    for url in addresses:
        response = client.get(url)
        if response.streaming:
            response.getvalue()
        found.append(response.status_code)
    return found


def revoke_group(account, anna, conversation):
    other = factories.make_group(account, "Sales")
    accounts.change_access(agent=anna, by=factories.owner_of(account), groups=[other])


def move_conversation(account, anna, conversation):
    services.change_group(
        conversation_id=conversation.pk,
        by=factories.owner_of(account),
        group=factories.make_group(account, "Sales"),
    )


@pytest.mark.parametrize("revoke", [revoke_group, move_conversation])
def test_files_are_gone_the_moment_rights_are(revoke):
    account = factories.make_account()
    group = factories.make_group(account)
    anna = factories.make_agent(account, groups=(group,))
    conversation = factories.make_conversation(account, group=group)
    factories.visitor_writes(conversation, "", uploads=[upload("x.png", PNG)])
    client, addresses = signed_in(anna), file_addresses(conversation)
    before = statuses(client, addresses)

    revoke(account, anna, conversation)

    assert before == [200, 200, 200]
    assert statuses(client, addresses) == [404, 404, 404]


def test_files_are_gone_for_who_was_deactivated():
    account = factories.make_account()
    anna = factories.make_agent(account)
    conversation = factories.make_conversation(account)
    factories.visitor_writes(conversation, "", uploads=[upload("x.png", PNG)])
    client, addresses = signed_in(anna), file_addresses(conversation)
    before = statuses(client, addresses)

    accounts.change_access(agent=anna, by=factories.owner_of(account), is_active=False)

    assert before == [200, 200, 200]
    # To the sign-in page.
    assert statuses(client, addresses) == [302, 302, 302]


def test_visitor_whose_token_was_revoked_gets_no_file():
    browser = open_browser(Client())
    sent = {"client_id": new_id(), "file": SimpleUploadedFile("x.png", PNG)}
    answer = browser.client.post("/widget/files", sent, headers=browser.headers())
    address = f"/widget/files/{answer.json()['message']['files'][0]['id']}"
    headers = browser.headers()
    before = browser.client.get(address, headers=headers)
    before.getvalue()

    revoke_session(session=browser.session)

    assert before.status_code == 200
    assert browser.client.get(address, headers=headers).status_code == 401
    # Nor does the address alone open it, nor that of another browser.
    assert Client().get(address).status_code == 401
    other = open_browser(Client(), browser.channel)
    assert other.client.get(address, headers=other.headers()).status_code == 404
