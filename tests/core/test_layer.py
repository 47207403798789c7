"""Pushes, when what carries them goes away and comes back."""

import asyncio
import time

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from supportdesk.core import layer
from supportdesk.operations.engine_keeper import Valkey

BACK_WITHIN = 20.0


@pytest.fixture
def server(tmp_path):
    server = Valkey(tmp_path, throwaway=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sender(server, settings, monkeypatch):
    """The sender of a process that knows this server."""
    settings.REDIS_URL = server.url
    monkeypatch.setattr(layer, "_sender", None)
    yield layer._current()
    layer._sender.queue.put(None)
    layer._sender.join(5)


def push(number):
    layer.send([("room", {"type": "test.number", "number": number})])


@pytest.mark.asyncio
async def test_pushes_arrive_again_after_a_restart(server, sender, settings):
    listener = RedisPubSubChannelLayer(hosts=[server.url], prefix=settings.LAYER_PREFIX)
    channel = await listener.new_channel()
    await listener.group_add("room", channel)
    push(1)
    first = await asyncio.wait_for(listener.receive(channel), 5)

    await asyncio.to_thread(server.stop)
    push(2)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(server.start)
    begun = time.monotonic()
    arrived = None
    while arrived is None and time.monotonic() - begun < BACK_WITHIN:
        push(3)
        try:
            arrived = await asyncio.wait_for(listener.receive(channel), 0.5)
        except TimeoutError:
            continue

    assert first["number"] == 1
    assert arrived is not None
    assert arrived["number"] in {2, 3}
    assert layer._sender is sender
    assert sender.is_alive()
    await listener.flush()


def test_silent_redis_costs_the_push_and_not_the_write(server, sender, caplog):
    server.stop()

    push(1)
    sender.queue.put(None)
    sender.join(15)

    assert not sender.is_alive()
    assert "nothing pushed: the layer does not answer" in caplog.text
