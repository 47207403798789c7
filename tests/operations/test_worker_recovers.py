import time

import pytest
import redis

from tests.product import Product

pytestmark = pytest.mark.processes
RECOVERED = 30.0
HEARTBEAT = """
from supportdesk.operations.tasks import heartbeat
for queue in ("default", "delivery", "notifications"):
    heartbeat.apply_async([queue], queue=queue)
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    product = Product(tmp_path_factory.mktemp("worker"), "worker")
    try:
        product.start_worker()
        yield product
    finally:
        product.stop()


@pytest.fixture
def server(product):
    with redis.Redis.from_url(
        product.environment["REDIS_URL"], decode_responses=True
    ) as connection:
        yield connection


def beat_once(product, server):
    """Seconds until the worker has done a fresh task from each of its queues."""
    names = [
        f"{product.environment['REDIS_PREFIX']}:heartbeat:{queue}"
        for queue in ("default", "delivery", "notifications")
    ]
    server.delete(*names)
    product.shell(HEARTBEAT)
    begun = time.monotonic()
    while time.monotonic() - begun < RECOVERED:
        if all(server.mget(names)):
            return time.monotonic() - begun
        time.sleep(0.1)
    raise AssertionError(f"no task was done in {RECOVERED} s:\n{product.logs()}")


def cut(product, server, kinds):
    """Cut the connections of the worker alone: it has the database for itself."""
    number = product.environment["REDIS_URL"].rpartition("/")[2]
    mine = str(server.client_id())
    cut = 0
    for client in server.client_list():
        subscribed = client["sub"] != "0" or client["psub"] != "0"
        kind = "pubsub" if subscribed else "normal"
        if client["db"] == number and client["id"] != mine and kind in kinds:
            cut += server.client_kill_filter(_id=client["id"])
    return cut


@pytest.mark.parametrize(
    ("kinds", "times"),
    [
        ({"normal"}, 1),
        ({"pubsub"}, 1),
        ({"normal", "pubsub"}, 1),
        # While it still reconnects: the case that left older workers deaf.
        ({"normal", "pubsub"}, 5),
    ],
)
def test_worker_whose_connections_are_cut_works_on(product, server, kinds, times):
    beat_once(product, server)

    cuts = 0
    for _ in range(times):
        cuts += cut(product, server, kinds)
        time.sleep(0.3)

    assert cuts >= times
    assert beat_once(product, server) < RECOVERED


# What Celery does around each task, and a thread beside it, as deferred pushes have.
CONNECT_BESIDE_TASKS = """
import threading
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import celeryd_init
from django.db import connection
from supportdesk.celery import app

celeryd_init.send("worker@test", instance=None, conf=app.conf, options={})
fixup = DjangoWorkerFixup(app)
fixup._is_prefork = lambda: True
failures = []

def ask():
    try:
        for _ in range(50):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            connection.close()
    except Exception as error:
        failures.append(repr(error))

thread = threading.Thread(target=ask)
thread.start()
while thread.is_alive():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    fixup.close_database()
print(failures)
"""


def test_ends_of_tasks_leave_other_threads_their_connections(product):
    # In a process of its own, which Celery may do with as it likes.
    printed = product.manage("shell", "--no-imports", "-c", CONNECT_BESIDE_TASKS)

    assert printed.strip() == "[]"
