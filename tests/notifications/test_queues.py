"""A mail server that hangs holds up neither messages nor the other mails for ever."""

import socket
import time

import pytest
import redis

from tests.product import Product

pytestmark = pytest.mark.processes

PUT_MAILS = """
from notifications import tasks
from tests.notifications.making import offline_notification
tasks.hand_over([offline_notification().pk for _ in range(3)])
"""
DELIVER = """
from supportdesk.operations.tasks import heartbeat
heartbeat.apply_async(["delivery"], queue="delivery")
"""
STATES = """
from notifications.models import Notification
print(*Notification.objects.values_list("state", flat=True))
"""


@pytest.fixture
def product(tmp_path):
    product = Product(tmp_path, "queues")
    yield product
    product.stop()


def test_hanging_mail_server_holds_up_no_delivery(product):
    with (
        # It takes connections and never says a word.
        socket.create_server(("127.0.0.1", 0)) as silent,
        redis.Redis.from_url(product.environment["REDIS_URL"]) as server,
    ):
        port = silent.getsockname()[1]
        product.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        product.start_worker("-Q", "default,notifications")
        product.start_worker("-Q", "delivery", name="delivery")
        beat = f"{product.environment['REDIS_PREFIX']}:heartbeat:delivery"
        wait_for(lambda: server.get(beat), product)
        product.shell(PUT_MAILS)
        silent.settimeout(30)
        connection, _address = silent.accept()
        with connection:
            server.delete(beat)
            product.shell(DELIVER)

            waited = wait_for(lambda: server.get(beat), product)

            states = product.shell(STATES).split()
    assert waited < 10
    # The first one hangs, or has given up on a slow machine and waits for its next try.
    assert len(states) == 3
    assert set(states) <= {"pending", "sending"}


def wait_for(condition, product):
    """Seconds until it holds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 30, product.logs()
        time.sleep(0.05)
    return time.monotonic() - begun
