"""Bodies that are too large, sent to the real server."""

import http.client
import json
import socket
import threading
import uuid

import pytest
import uvicorn
from django.core.handlers.asgi import ASGIHandler

from supportdesk.asgi import application
from supportdesk.operations import bodies, server
from tests.operations.routes import addresses

KILOBYTE = b"x" * 1024
# With the bounds of these tests: of one file with its text, and of ten.
ONE, TEN = 3, 30
PAGE = "/accounts/login/"
COMPOSER = "/conversations/3f6c2f1e-9d5b-4d43-8a5c-2c1f5d9b7a10/reply/"
REFUSED = "This is too large to be sent."


@pytest.fixture
def taken(monkeypatch):
    """Bytes that Django has put into temporary files, for each request."""
    sizes = []
    really = ASGIHandler.read_body

    async def read_body(self, receive):
        file = await really(self, receive)
        sizes.append(file.seek(0, 2))
        file.seek(0)
        return file

    monkeypatch.setattr(ASGIHandler, "read_body", read_body)
    return sizes


@pytest.fixture
def desk(settings, monkeypatch, taken):
    settings.ATTACHMENT_MAX_BYTES = 2 * 1024
    monkeypatch.setattr(bodies, "MARGIN", 1024)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        options = server.OPTIONS | {"log_level": "warning", "ws": "none"}
        running = uvicorn.Server(uvicorn.Config(application, **options))
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        host, port = listener.getsockname()
        connection = http.client.HTTPConnection(host, port, timeout=20)
        yield connection
        connection.close()
        running.should_exit = True
        thread.join()


def post(desk, path, body, **headers):
    """Status, headers and text of the answer; a list is sent in chunks."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    desk.request("POST", path, body, headers, encode_chunked=isinstance(body, list))
    response = desk.getresponse()
    return response.status, response.headers, response.read().decode()


def chunked(kilobytes):
    return [KILOBYTE] * kilobytes


def test_announced_body_is_refused_before_it_is_sent(desk, taken):
    desk.putrequest("POST", PAGE)
    desk.putheader("Content-Length", str(1024**4))
    desk.putheader("Expect", "100-continue")
    desk.endheaders()

    answer = desk.getresponse()

    # Not one byte was waited for.
    assert answer.status == 413
    assert "damaged or too large" in answer.read().decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert taken == [0]


@pytest.mark.parametrize("body", [KILOBYTE * 500, chunked(500)])
def test_body_that_is_sent_nevertheless_is_not_kept(desk, taken, body):
    headers = {"Transfer_Encoding": "chunked"} if isinstance(body, list) else {}

    status, _headers, _text = post(desk, PAGE, body, **headers)

    assert status == 413
    assert taken[0] <= ONE * 1024


@pytest.mark.parametrize(
    ("path", "size"), [(PAGE, ONE), (COMPOSER, TEN), ("/nowhere/", ONE)]
)
def test_body_within_its_bound_arrives(desk, taken, path, size):
    status, _headers, _text = post(desk, path, KILOBYTE * size)
    assert status != 413
    status, _headers, _text = post(desk, path, KILOBYTE * size + b"x")
    assert status == 413

    assert taken == [size * 1024, 0]


def test_one_connection_serves_on_after_a_refusal(desk, taken):
    statuses = [post(desk, PAGE, KILOBYTE * size)[0] for size in (ONE, 500, ONE)]

    assert (statuses[0], statuses[1]) == (statuses[2], 413)
    assert taken == [ONE * 1024, 0, ONE * 1024]


def test_programs_get_what_they_can_read(desk):
    status, headers, text = post(desk, "/api/v1/customers/7", KILOBYTE * 500)

    assert (status, headers["Content-Type"]) == (413, "application/json")
    assert REFUSED in text


def test_widget_may_read_it_on_the_shops_page(desk):
    shop = "https://shop.example.com"

    status, headers, text = post(desk, "/widget/files", KILOBYTE * 500, Origin=shop)

    assert (status, headers["Access-Control-Allow-Origin"]) == (413, shop)
    assert json.loads(text) == {"error": {"code": "too_large", "message": REFUSED}}


def test_page_speaks_the_language_of_the_browser(desk):
    _status, _headers, text = post(
        desk, PAGE, KILOBYTE * 500, Accept_Language="de-DE,de"
    )

    assert '<html lang="de"' in text


def test_forms_with_several_files_are_known_by_their_names():
    """So that a route that is renamed does not lose its room."""
    assert set(addresses(uuid.uuid4())) >= bodies.OF_SEVERAL
