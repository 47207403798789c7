import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_integration.website import services
from conversations import services as conversations
from conversations.models import Attachment
from tests.channels_integration.browser import (
    PNG,
    new_id,
    open_browser,
)
from tests.factories import (
    make_account,
    make_agent,
    owner_of,
)

pytestmark = pytest.mark.django_db


def upload(browser, name, content, **fields):
    body = {"client_id": new_id(), "file": SimpleUploadedFile(name, content), **fields}
    return browser.client.post("/widget/files", body, headers=browser.headers())


def test_picture_is_stored_and_served_as_attachment(browser):
    response = upload(browser, "trichter.png", PNG, text="Look")

    file = response.json()["message"]["files"][0]
    served = browser.get(f"files/{file['id']}")
    assert response.status_code == 201
    assert (file["name"], file["width"]) == ("trichter.png", 1)
    assert b"".join(served.streaming_content) == PNG
    assert served["Content-Disposition"] == 'attachment; filename="trichter.png"'
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert served["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("x.html", b"<script>alert(1)</script>"),
        (".htaccess", b"AddType text/html .txt"),
        ("\u200b.htaccess", b"AddType text/html .txt"),
        ("x.php", b"<?php"),
        ("x.pdf", b"MZ not a pdf"),
        ("empty.txt", b""),
    ],
)
def test_dangerous_files_are_refused(browser, name, content):
    response = upload(browser, name, content)

    assert response.status_code in {400, 422}
    assert not Attachment.objects.exists()


def test_file_of_another_visitor_or_note_is_404(browser):
    mine = upload(browser, "a.png", PNG).json()["message"]["files"][0]["id"]
    agent = make_agent(browser.channel.account)
    note = conversations.add_note(
        conversation_id=browser.conversation.pk,
        agent=agent,
        text="",
        uploads=[conversations.check_upload(SimpleUploadedFile("n.png", PNG))],
    )
    other = open_browser(browser.client, browser.channel)
    other.say("Hello")

    assert other.get(f"files/{mine}").status_code == 404
    assert browser.get(f"files/{note.attachments.get().public_id}").status_code == 404
    services.revoke_session(session=browser.session)
    assert browser.get(f"files/{mine}").status_code == 401


def test_file_without_multipart_is_refused(browser):
    assert browser.post("files", {"file": "x"}).status_code == 400
    response = browser.client.post(
        "/widget/files",
        b"--x\r\nbroken",
        content_type="multipart/form-data; boundary=x",
        headers=browser.headers(),
    )
    assert response.status_code == 400


def test_agent_picture_of_another_account_is_404(browser):
    stranger = owner_of(make_account())

    response = browser.get(f"agents/{stranger.public_id}/picture")

    assert response.status_code == 404


def test_file_that_is_lost_is_404_in_json(browser):
    file = upload(browser, "a.png", PNG).json()["message"]["files"][0]["id"]
    Attachment.objects.get().file.delete(save=False)
    Attachment.objects.update(file="attachments/lost")

    response = browser.get(f"files/{file}")

    assert (response.status_code, response.json()["error"]["code"]) == (
        404,
        "not_found",
    )


@pytest.mark.parametrize(
    "name", ["4111 1111.1111 1111.png", "41111111.11111111", "4111-1111\u200b.11111111"]
)
def test_card_number_in_a_file_name_is_hidden(browser, name):
    response = upload(browser, name, PNG)

    file = response.json()["message"]["files"][0]
    assert file["name"] == "[card ····1111].png"
    assert Attachment.objects.get().name == file["name"]
