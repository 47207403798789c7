import asyncio
import time
from unittest.mock import AsyncMock

import pytest
import redis.exceptions
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubLoopLayer
from django.conf import settings
from django.urls import reverse

from supportdesk.core.redis import client, key
from supportdesk.operations import health
from supportdesk.operations.tasks import heartbeat

QUEUES = settings.HEARTBEAT_QUEUES
ALL_OK = dict.fromkeys(("database", "layer", "cache", "broker", "worker"), "ok")


@pytest.fixture(autouse=True)
def readiness(monkeypatch):
    fresh = health.Readiness()
    monkeypatch.setattr("supportdesk.operations.views.readiness", fresh)
    return fresh


@pytest.fixture
def beating():
    for queue in QUEUES:
        heartbeat(queue)


def part_down(name):
    return {"status": "not ready", "parts": ALL_OK | {name: "down"}}


def test_healthz_asks_no_engine(client, monkeypatch):
    # No django_db mark: a query would fail the test.

    response = client.get(reverse("operations:healthz"))

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("name", ["operations:healthz", "operations:readyz"])
def test_probe_refuses_writing(client, name):
    assert client.post(reverse(name)).status_code == 405


@pytest.mark.django_db(transaction=True)
async def test_readyz_all_parts_answer(async_client, beating):
    response = await async_client.get(reverse("operations:readyz"))

    assert response.status_code == 200
    assert response.json() == {"status": "ready", "parts": ALL_OK}


@pytest.mark.django_db(transaction=True)
async def test_readyz_no_heartbeat_yet(async_client):
    response = await async_client.get(reverse("operations:readyz"))

    assert response.status_code == 503
    assert response.json() == part_down("worker")


@pytest.mark.django_db(transaction=True)
async def test_readyz_one_queue_is_deaf(async_client, beating):
    stale = time.time() - health.HEARTBEAT_FRESH - 1
    client().set(key("heartbeat", QUEUES[-1]), repr(stale))

    response = await async_client.get(reverse("operations:readyz"))

    assert response.status_code == 503
    assert response.json() == part_down("worker")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", list(health.PARTS))
async def test_readyz_hides_why_a_part_is_down(
    async_client, beating, monkeypatch, caplog, part
):
    async def broken():
        raise redis.exceptions.ConnectionError("secret-host refused")

    monkeypatch.setitem(health.PARTS, part, broken)

    response = await async_client.get(reverse("operations:readyz"))

    assert response.status_code == 503
    assert response.json() == part_down(part)
    assert b"secret-host" not in response.content
    assert "secret-host" in caplog.text


@pytest.mark.django_db(transaction=True)
async def test_readyz_does_not_wait_for_a_part_that_hangs(
    async_client, beating, monkeypatch
):
    monkeypatch.setattr(health, "PART_TIMEOUT", 0.2)
    monkeypatch.setitem(health.PARTS, "layer", lambda: asyncio.sleep(60))

    begun = time.monotonic()
    response = await async_client.get(reverse("operations:readyz"))

    assert response.json() == part_down("layer")
    assert time.monotonic() - begun < 5


@pytest.mark.django_db(transaction=True)
async def test_readyz_layer_that_loses_messages(async_client, beating, monkeypatch):
    class Lossy:
        async def new_channel(self):
            return "specific.x"

        async def send(self, channel, message):
            pass

        async def receive(self, channel):
            return {"type": "something.else"}

    monkeypatch.setattr(health, "get_channel_layer", Lossy)

    response = await async_client.get(reverse("operations:readyz"))

    assert response.json() == part_down("layer")


async def test_checking_the_layer_leaves_nothing_behind():
    layer = get_channel_layer()

    channels = []
    for _ in range(10):
        await health._check_layer()
        channels.append(len(layer.channels))

    assert channels == [1] * 10


async def test_layer_that_did_not_answer_in_time_is_heard_again(monkeypatch):
    layer = get_channel_layer()
    await health._check_layer()
    with monkeypatch.context() as patch:
        patch.setattr(RedisPubSubLoopLayer, "send", AsyncMock())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await health._check_layer()
    assert layer.channels == {}

    await health._check_layer()


async def test_answer_that_came_too_late_is_passed_over():
    layer = get_channel_layer()
    await health._check_layer()
    (channel,) = layer.channels
    await layer.send(channel, {"type": "operations.ready", "at": 0.0})

    await health._check_layer()

    assert layer.channels[channel].empty()


async def test_readiness_many_askers_share_one_round(readiness, monkeypatch):
    rounds = []

    async def check_parts():
        rounds.append(1)
        await asyncio.sleep(0.05)
        return {"database": True}

    monkeypatch.setattr(health, "check_parts", check_parts)

    answers = await asyncio.gather(*(readiness.ask() for _ in range(20)))
    await readiness.ask()

    assert answers == [{"database": True}] * 20
    assert len(rounds) == 1


async def test_readiness_asks_anew_after_a_second(readiness, monkeypatch):
    answers = iter([{"database": True}, {"database": False}])

    async def check_parts():
        return next(answers)

    monkeypatch.setattr(health, "check_parts", check_parts)
    monkeypatch.setattr(health, "REMEMBERED", -1.0)

    assert await readiness.ask() == {"database": True}
    assert await readiness.ask() == {"database": False}


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 503)])
def test_probe_by_address_needs_no_allowed_host(client, db, settings, path, status):
    settings.ALLOWED_HOSTS = ["desk.example.com"]

    response = client.get(path, headers={"host": "10.0.0.7"})

    assert response.status_code == status


async def test_other_paths_still_need_an_allowed_host(async_client, settings):
    settings.ALLOWED_HOSTS = ["desk.example.com"]

    response = await async_client.get("/healthz/", headers={"host": "10.0.0.7"})

    assert response.status_code == 400
