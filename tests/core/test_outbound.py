"""Addresses that others chose lead to the internet, and nowhere else."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from supportdesk.core import outbound
from supportdesk.core.outbound import OutboundError, OutboundSession, is_allowed_url


@pytest.mark.parametrize(
    "url",
    [
        "https://push.example.com/abc",
        "https://push.example.com:443/abc?x=1",
        "https://updates.push.services.example.org/wpush/v2/gAAA",
    ],
)
def test_public_https_address_is_allowed(url):
    assert is_allowed_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "push.example.com",
        "http://push.example.com/abc",
        "ftp://push.example.com/abc",
        "javascript:alert(1)",
        "https://",
        "https://localhost/abc",
        "https://redis/abc",
        "https://desk.localhost/abc",
        "https://printer.local/abc",
        "https://vault.internal/abc",
        "https://127.0.0.1/abc",
        "https://127.1/abc",
        "https://2130706433/abc",
        "https://0x7f.0x1/abc",
        "https://8.8.8.8/abc",
        "https://[::1]/abc",
        "https://[::ffff:10.0.0.1]/abc",
        "https://[broken/abc",
        "https://push.example.com:8443/abc",
        "https://push.example.com:99999/abc",
        "https://somebody:secret@push.example.com/abc",
        "https://@push.example.com/abc",
    ],
)
def test_address_that_may_lead_inside_is_not_allowed(url):
    assert not is_allowed_url(url)


def test_loopback_is_allowed_to_tests_alone(settings):
    url = "http://127.0.0.1:8123/abc"
    assert not is_allowed_url(url)

    settings.OUTBOUND_ALLOW_LOOPBACK = True

    assert is_allowed_url(url)
    assert not is_allowed_url("http://127.0.0.2:8123/abc")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "100.64.0.1"]
)
def test_name_that_leads_inside_is_refused_when_it_is_used(monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)

    with OutboundSession() as session, pytest.raises(OutboundError) as refused:
        session.post("https://push.example.com/abc", data=b"x")

    assert refused.value.permanent


def test_name_nobody_knows_may_be_known_later(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with OutboundSession() as session, pytest.raises(OutboundError) as failed:
        session.post("https://push.example.com/abc", data=b"x")

    assert not failed.value.permanent


def test_scheme_is_checked_at_each_request():
    with OutboundSession() as session, pytest.raises(OutboundError) as refused:
        session.post("http://push.example.com/abc", data=b"x")

    assert refused.value.permanent


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.paths = answer, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):
                self.paths.append(handler.path)
                self.answer(handler)

            def log_message(handler, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def serve(settings):
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    servers = []

    def start(answer):
        server = Server(answer)
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_redirect_is_an_answer_and_not_followed(serve):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server = serve(redirect)

    with OutboundSession() as session:
        response = session.get(f"{server.url}/first")

    assert response.status_code == 302
    assert server.paths == ["/first"]


@pytest.mark.parametrize("status", [200, 302])
def test_endless_answer_is_cut(serve, status):
    def talk(handler):
        handler.send_response(status)
        if status == 302:
            handler.send_header("Location", "/elsewhere")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            handler.close_connection = True

    server = serve(talk)

    with OutboundSession() as session:
        response = session.get(server.url)

    assert len(response.content) == outbound.MAX_ANSWER


def test_answer_that_drips_is_not_waited_for(serve, monkeypatch):
    stop, dripped = threading.Event(), []

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not stop.wait(0.01):
                handler.wfile.write(b"x")
                dripped.append(1)
        except OSError:
            handler.close_connection = True

    server = serve(drip)
    clock = iter(range(0, 1000, 5))
    ticking = SimpleNamespace(monotonic=lambda: float(next(clock)))
    monkeypatch.setattr(outbound, "time", ticking)

    with OutboundSession() as session, pytest.raises(OutboundError) as failed:
        session.get(server.url)
    stop.set()

    assert not failed.value.permanent
    # Far less than a piece: the clock was looked at meanwhile.
    assert len(dripped) < 1000


def test_answer_in_chunks_is_read_to_its_end(serve):
    def answer(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")

    server = serve(answer)

    with OutboundSession() as session:
        response = session.get(server.url)

    assert response.content == b"abcdefg"


def test_answer_that_breaks_off_is_none(serve):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"only this")

    server = serve(answer)

    with OutboundSession() as session, pytest.raises(OutboundError) as failed:
        session.get(server.url)

    assert not failed.value.permanent


def test_proxy_and_passwords_of_the_machine_are_not_used(serve, monkeypatch):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    server = serve(answer)

    with OutboundSession() as session:
        response = session.get(server.url)

    assert response.content == b"ok"
