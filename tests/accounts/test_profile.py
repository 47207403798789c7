import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from supportdesk.accounts.events import AccessChanged, access_changed
from supportdesk.accounts.models import User
from tests.factories import make_account, make_agent

pytestmark = pytest.mark.django_db

FORM = {"name": "Anna B. Berger", "language": "en", "enter_sends": "False"}


@pytest.fixture
def agent(client):
    agent = make_agent(make_account())
    client.force_login(agent)
    return agent


def save(client, **more):
    return client.post("/profile/", {**FORM, **more})


def picture_bytes(kind="PNG", size=(400, 300), **more):
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind, **more)
    return data.getvalue()


def upload(data, name="me.png"):
    return SimpleUploadedFile(name, data, content_type="image/png")


def fetch(client, agent):
    response = client.get(f"/agents/{agent.public_id}/picture/")
    content = b"".join(response) if response.streaming else response.content
    return response, content


def test_profile_shows_what_is_stored(client, agent):
    response = client.get("/profile/")

    assert response.status_code == 200
    assert b'value="Anna Berger"' in response.content


def test_profile_saves_what_is_ones_own(client, agent):
    response = save(
        client, name="  Anna \u202e B.  Berger ", language="de", enter_sends="True"
    )

    agent.refresh_from_db()
    assert response.url == "/profile/"
    assert (agent.name, agent.language) == ("Anna B. Berger", "de")
    assert agent.enter_sends


def test_nothing_else_can_be_set(client, agent):
    other = make_account("Another")
    before = User.objects.filter(pk=agent.pk).values().get()

    save(
        client,
        role="owner",
        account=other.pk,
        account_id=other.pk,
        is_active="",
        is_superuser="on",
        email="evil@example.com",
        password="x",
        presence="away",
        groups="1",
        picture="pictures/../../settings.py",
        public_id="00000000-0000-0000-0000-000000000000",
        pk=other.pk,
    )

    after = User.objects.filter(pk=agent.pk).values().get()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \u202e \x00 "),
        ("name", "x" * 121),
        ("language", "fr"),
        ("enter_sends", "perhaps"),
    ],
)
def test_refused_profile_says_where_and_changes_nothing(client, agent, field, value):
    before = User.objects.filter(pk=agent.pk).values().get()

    response = save(client, **{field: value})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert User.objects.filter(pk=agent.pk).values().get() == before


def test_new_language_is_told_to_open_pages(
    client, agent, django_capture_on_commit_callbacks
):
    told = []

    def note(event, **kwargs):
        told.append(event)

    access_changed.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            save(client)
            save(client, language="de")
    finally:
        access_changed.disconnect(note)

    assert told == [AccessChanged(agent_id=agent.pk)]


# The picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_picture_becomes_a_small_square(client, agent, kind):
    response = save(client, new_picture=upload(picture_bytes(kind)))

    agent.refresh_from_db()
    answer, content = fetch(client, agent)
    assert response.status_code == 302
    assert agent.picture.name.startswith("pictures/")
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size) == ("WEBP", (256, 256))


def test_nothing_of_the_uploaded_bytes_survives(client, agent):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    hostile = picture_bytes("JPEG", exif=exif) + b"<script>alert(1)</script>"

    save(client, new_picture=upload(hostile, "../../x.html"))

    agent.refresh_from_db()
    content = fetch(client, agent)[1]
    assert b"secret place" not in content
    assert b"script" not in content
    assert agent.picture.name.endswith(".webp")
    assert ".." not in agent.picture.name


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\x00" * 40,
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 100,
        picture_bytes("BMP"),
        picture_bytes("JPEG")[:200],
        b"%PDF-1.4",
    ],
    ids=["svg", "broken gif", "broken png", "bmp", "cut jpeg", "pdf"],
)
def test_what_is_no_picture_is_refused(client, agent, data):
    response = save(client, new_picture=upload(data))

    agent.refresh_from_db()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["new_picture"]
    assert (agent.name, agent.picture.name) == ("Anna Berger", "")


def test_large_files_and_pixel_bombs_are_refused(client, agent, monkeypatch):
    bomb = picture_bytes("PNG", (8000, 5001))
    assert len(bomb) < 1_000_000

    too_many_pixels = save(client, new_picture=upload(bomb))
    monkeypatch.setattr("supportdesk.accounts.pictures.MAX_BYTES", 100)
    too_large = save(client, new_picture=upload(picture_bytes()))

    assert [too_many_pixels.status_code, too_large.status_code] == [422, 422]


def test_old_picture_goes_when_a_new_one_or_none_comes(
    client, agent, django_capture_on_commit_callbacks
):
    names = []
    for change in (
        {"new_picture": upload(picture_bytes())},
        {"new_picture": upload(picture_bytes("GIF"))},
        {"remove_picture": "on"},
    ):
        with django_capture_on_commit_callbacks(execute=True):
            save(client, **change)
        agent.refresh_from_db()
        names.append(agent.picture.name)

    assert names[2] == ""
    assert [default_storage.exists(name) for name in names[:2]] == [False, False]
    assert client.get(f"/agents/{agent.public_id}/picture/").status_code == 404


def test_picture_is_for_colleagues_only(client, agent):
    save(client, new_picture=upload(picture_bytes()))
    url = f"/agents/{agent.public_id}/picture/"
    client.force_login(make_agent(agent.account))
    colleague = fetch(client, agent)[0].status_code
    client.force_login(make_agent(make_account("Another")))
    stranger = client.get(url).status_code
    client.logout()

    assert (colleague, stranger) == (200, 404)
    assert client.get(url).status_code == 302


def test_picture_whose_file_is_lost_is_a_404(client, agent):
    save(client, new_picture=upload(picture_bytes()))
    agent.refresh_from_db()
    default_storage.delete(agent.picture.name)

    assert client.get(f"/agents/{agent.public_id}/picture/").status_code == 404


def test_profile_needs_an_account_and_the_right_method(client, agent):
    assert client.put("/profile/").status_code == 405
    operator = User.objects.create_superuser("op@example.com", name="Op")
    client.force_login(operator)
    assert client.get("/profile/").status_code == 404


def test_card_number_in_a_name_is_hidden(client, agent):
    save(client, name="Anna 4111 1111 1111 1111")

    agent.refresh_from_db()
    assert agent.name == "Anna [card ····1111]"
