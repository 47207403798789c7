import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller

from notifications.transports import mail
from tests import factories
from tests.notifications.push_service import PushService


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def owner(account):
    return factories.owner_of(account)


@pytest.fixture
def anna(account):
    return factories.make_agent(account)


class Smtp:
    """A mail server that gives the answers it is told to, then takes the mail."""

    def __init__(self):
        self.answers = []
        self.received = []
        self.begun = []
        self.connections = self.noops = self.goodbyes = 0
        self.noop_answer = "250 ok"
        self.drops_data = False
        self.controller = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_NOOP(self, server, session, envelope, arg):
        self.noops += 1
        return self.noop_answer

    async def handle_QUIT(self, server, session, envelope):
        self.goodbyes += 1
        return "221 bye"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(
            envelope.content, policy=email.policy.default
        )
        self.begun.append(message["Subject"])
        if self.drops_data:
            server.transport.abort()
        if self.answers:
            return self.answers.pop(0)
        self.received.append(message)
        return "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers and self.answers[0].startswith("550"):
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 ok"


@pytest.fixture
def smtp(settings):
    handler = Smtp()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    handler.controller = Controller(handler, hostname="127.0.0.1", port=port)
    handler.controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield handler
    mail.close_idle(idle=0)
    handler.controller.stop()


@pytest.fixture
def push_service(settings):
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with PushService() as service:
        yield service
