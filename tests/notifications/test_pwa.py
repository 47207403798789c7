"""What makes the desk an app that can be installed."""

import json

import pytest
from django.contrib.staticfiles import finders
from PIL import Image

from tests.factories import make_account, make_agent

pytestmark = pytest.mark.django_db


def test_manifest_can_be_read_without_a_session(client):
    response = client.get("/manifest.webmanifest")

    assert response.headers["Content-Type"] == "application/manifest+json"
    content = json.loads(response.content)
    assert (content["start_url"], content["scope"]) == ("/", "/")
    assert content["display"] == "standalone"
    sizes = {(icon["sizes"], icon["purpose"]) for icon in content["icons"]}
    assert sizes == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }


def test_icons_have_the_size_they_say(client):
    content = json.loads(client.get("/manifest.webmanifest").content)

    for icon in content["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        with Image.open(path) as image:
            assert f"{image.width}x{image.height}" == icon["sizes"]
            # A maskable icon is cut by the system: it must fill its square.
            assert icon["purpose"] != "maskable" or image.mode == "RGB"


def test_worker_may_rule_over_the_whole_desk(client):
    response = client.get("/sw.js")

    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Service-Worker-Allowed"] == "/"
    assert response.headers["Cache-Control"] == "no-cache"
    first = response.content.decode().splitlines()[0]
    names = json.loads(first.removeprefix("const DESK = ").removesuffix(";"))
    assert names["offline"] == "/offline/"
    for asset in [*names["assets"], names["icon"], names["badge"]]:
        assert finders.find(asset.removeprefix("/static/")), asset


def test_offline_page_holds_nothing_of_an_account(client):
    stranger = client.get("/offline/").content
    client.force_login(make_agent(make_account("Secret Customers Inc")))

    page = client.get("/offline/")

    assert page.status_code == 200
    assert b"Secret Customers" not in page.content
    assert page.content == stranger
    assert page.headers["Cache-Control"] == "no-cache"


def test_offline_page_speaks_the_agents_language(client):
    client.force_login(make_agent(make_account(), language="de"))

    assert b'lang="de"' in client.get("/offline/").content


@pytest.mark.parametrize("path", ["/manifest.webmanifest", "/sw.js", "/offline/"])
def test_they_are_only_read(client, path):
    assert client.post(path).status_code == 405


def test_pages_name_them(client):
    client.force_login(make_agent(make_account()))

    page = client.get("/").content.decode()

    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert 'rel="apple-touch-icon"' in page
    assert page.count('name="theme-color"') == 2


@pytest.mark.parametrize(
    ("theme", "colour"), [("dark", "#0e0e10"), ("light", "#f6f7f8")]
)
def test_chosen_theme_colours_the_frame(client, theme, colour):
    client.cookies["theme"] = theme

    page = client.get("/accounts/login/").content.decode()

    assert f'<meta name="theme-color" content="{colour}">' in page
    assert page.count('name="theme-color"') == 1
