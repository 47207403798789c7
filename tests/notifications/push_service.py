"""A push service as browsers have one, and a browser that reads what it brings."""

import base64
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """The side that holds the private key of a subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = b"sixteen bytes :)"

    def subscription(self):
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.endpoint,
            "p256dh": encode(point),
            "auth": encode(self.secret),
        }

    def read(self, body):
        opened = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.secret, version="aes128gcm"
        )
        return json.loads(opened)


@dataclass
class Push:
    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self):
        """What the sender's token says; the signature has been checked."""
        authorization = self.headers["authorization"]
        assert Vapid02.verify(authorization)
        parts = dict(
            part.strip().split("=", 1)
            for part in authorization.removeprefix("vapid ").split(",")
        )
        claims = json.loads(decode(parts["t"].split(".")[1]))
        return claims | {"key": parts["k"]}


class PushService(ThreadingHTTPServer):
    """Takes pushes on this machine; `answers` holds what a path is refused with."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Push] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.retry_after = "120"
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def browser(self, name):
        return Browser(f"{self.url}/{name}")

    def to(self, browser):
        path = browser.endpoint.removeprefix(self.url)
        return [push for push in self.received if push.path == path]


class _Handler(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Push(self.path, headers, body))
        status, text = self.server.answers.get(self.path, (201, b""))
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", self.server.retry_after)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text)
        except OSError:
            self.close_connection = True

    def log_message(self, *args):
        """Nothing: the tests look at what was received."""
