"""Visitor's message to the agent's socket, beside its floor, in one run.

Floor: a bare insert of such a row in one transaction and one `group_send`, in a
process that does nothing else. Figure: the real web process, real sockets, from
the visitor's send to the frame on an agent's socket: accepted, redacted,
committed, rendered in two languages, delivered.
"""

import asyncio
import itertools
import json
import sys
import time
import uuid
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.desk import fresh_database, paced, percentile, web

VISITORS = 16
AGENTS = 2
SECONDS = 8.0
TEXT = "Hello, my order MM-20418 has not arrived yet. Can you tell me where it is?"
ORIGIN = "https://shop.example.com"


class Floor:
    def __init__(self, conversations: list[Any], channel: Any) -> None:
        from channels.layers import get_channel_layer  # noqa: PLC0415

        self.conversations = conversations
        self.channel = channel
        self.layer = get_channel_layer()
        self.seq = itertools.count(1000)
        self.event = {"type": "desk.conversation", "row": "x" * 1500}

    def insert(self, conversation: Any) -> None:
        from django.db import transaction  # noqa: PLC0415
        from django.utils import timezone  # noqa: PLC0415

        from conversations.models import Message  # noqa: PLC0415

        with transaction.atomic():
            Message.objects.create(
                conversation=conversation,
                seq=next(self.seq),
                by_visitor=True,
                channel=self.channel,
                text=TEXT,
                client_id=uuid.uuid4(),
                created_at=timezone.now(),
            )

    async def once(self, number: int, times: list[float]) -> None:
        from channels.db import database_sync_to_async  # noqa: PLC0415

        begin = time.perf_counter()
        conversation = self.conversations[number % len(self.conversations)]
        await database_sync_to_async(self.insert, thread_sensitive=False)(conversation)
        await self.layer.group_send("floor", self.event)
        times.append(time.perf_counter() - begin)

    async def throughput(self) -> float:
        times: list[float] = []
        end = time.perf_counter() + SECONDS

        async def writer(number: int) -> None:
            while time.perf_counter() < end:
                await self.once(number, times)

        begin = time.perf_counter()
        await asyncio.gather(*(writer(number) for number in range(VISITORS)))
        return len(times) / (time.perf_counter() - begin)

    async def latency(self, rate: float) -> list[float]:
        times: list[float] = []
        await paced(rate, SECONDS, lambda n: asyncio.create_task(self.once(n, times)))
        return times


class Desk:
    """Visitors and agents on the real sockets of the real web process."""

    def __init__(self, host: str, tokens: list[str], cookies: list[str]) -> None:
        self.host, self.tokens, self.cookies = host, tokens, cookies
        self.sent: dict[str, float] = {}
        self.times: list[float] = []
        self.acks: dict[str, asyncio.Future[None]] = {}

    async def __aenter__(self) -> "Desk":
        self.agents = [await self._agent(cookie) for cookie in self.cookies]
        self.visitors = [await self._visitor(token) for token in self.tokens]
        self.readers = [
            asyncio.create_task(self._read_agent(socket, first=number == 0))
            for number, socket in enumerate(self.agents)
        ] + [asyncio.create_task(self._read_visitor(s)) for s in self.visitors]
        return self

    async def __aexit__(self, *error: object) -> None:
        for reader in self.readers:
            reader.cancel()
        for socket in [*self.agents, *self.visitors]:
            await socket.close()

    async def _agent(self, cookie: str) -> ClientConnection:
        return await connect(
            f"ws://{self.host}/ws/desk/",
            origin=f"http://{self.host}",  # type: ignore[arg-type]
            additional_headers={"Cookie": f"sessionid={cookie}"},
        )

    async def _visitor(self, token: str) -> ClientConnection:
        socket = await connect(f"ws://{self.host}/ws/widget/", origin=ORIGIN)  # type: ignore[arg-type]
        hello = {"type": "hello", "token": token, "after": 0}
        await socket.send(json.dumps(hello))
        await socket.recv()
        return socket

    async def _read_agent(self, socket: ClientConnection, *, first: bool) -> None:
        async for frame in socket:
            content = json.loads(frame)
            if first and content["type"] == "conversation" and "seq" in content:
                key = f"{content['id']}:{content['seq']}"
                if key in self.sent:
                    self.times.append(time.perf_counter() - self.sent.pop(key))

    async def _read_visitor(self, socket: ClientConnection) -> None:
        async for frame in socket:
            content = json.loads(frame)
            if content["type"] == "ack":
                self.acks.pop(content["client_id"]).set_result(None)
            elif content["type"] == "nack":
                refused = RuntimeError(content["error"])
                self.acks.pop(content["client_id"]).set_exception(refused)

    async def post(self, number: int, conversation: str, seq: int) -> None:
        client_id = str(uuid.uuid4())
        self.sent[f"{conversation}:{seq}"] = time.perf_counter()
        acked = asyncio.get_running_loop().create_future()
        self.acks[client_id] = acked
        frame = {"type": "message", "client_id": client_id, "text": TEXT}
        await self.visitors[number].send(json.dumps(frame))
        await asyncio.wait_for(acked, 20)


async def measure(floor: Floor, host: str, conversations: list[Any], **who: Any) -> int:
    seqs = [itertools.count(row.last_seq + 1) for row in conversations]
    ids = [str(row.public_id) for row in conversations]
    floor_rate = await floor.throughput()
    async with Desk(host, **who) as desk:
        end = time.perf_counter() + SECONDS
        posted = 0

        async def writer(number: int) -> None:
            nonlocal posted
            while time.perf_counter() < end:
                await desk.post(number, ids[number], next(seqs[number]))
                posted += 1

        begin = time.perf_counter()
        await asyncio.gather(*(writer(number) for number in range(VISITORS)))
        rate = posted / (time.perf_counter() - begin)
        await asyncio.sleep(2)
        full_load, missing = desk.times, len(desk.sent)
        desk.times, desk.sent = [], {}

        half = rate / 2
        order = itertools.cycle(range(VISITORS))

        def start(_: int) -> asyncio.Task[None]:
            number = next(order)
            return asyncio.create_task(
                desk.post(number, ids[number], next(seqs[number]))
            )

        await paced(half, SECONDS, start)
        await asyncio.sleep(1)
        half_load, missing = desk.times, missing + len(desk.sent)
    floor_times = await floor.latency(half)

    def line(name: str, value: float, base: float, unit: str, bound: str) -> None:
        ratio = value / base
        print(
            f"{name:<34}{value:>9.1f} {unit}   floor {base:>8.1f}   x {ratio:.2f}   ({bound})"
        )

    print(f"{VISITORS} visitors, {AGENTS} agents, one web process")
    line("throughput", rate, floor_rate, "/s", "at least x 0.50")
    for share in (0.5, 0.99):
        line(
            f"p{share * 100:.0f} at half load ({half:.0f}/s)",
            percentile(half_load, share) * 1000,
            percentile(floor_times, share) * 1000,
            "ms",
            "p99 under x 10" if share > 0.9 else "",
        )
    print(
        f"at full load: p50 {percentile(full_load, 0.5) * 1000:.1f} ms, "
        f"p99 {percentile(full_load, 0.99) * 1000:.1f} ms; not delivered: {missing}"
    )
    good = (
        rate >= 0.5 * floor_rate
        and percentile(half_load, 0.99) < 10 * percentile(floor_times, 0.99)
        and not missing
    )
    return 0 if good else 1


def main() -> int:
    with fresh_database():
        from django.contrib.auth import SESSION_KEY  # noqa: PLC0415
        from django.test import Client  # noqa: PLC0415

        from channels_integration.website.models import (  # noqa: PLC0415
            VisitorSession,
            hash_token,
            new_token,
        )
        from conversations import services  # noqa: PLC0415
        from supportdesk.accounts.models import User  # noqa: PLC0415
        from supportdesk.accounts.services import create_account  # noqa: PLC0415
        from visitors.services import create_visitor  # noqa: PLC0415

        account = create_account(
            name="Bench", owner_email="o@example.com", owner_name="O", password=None
        )
        owner = User.objects.get(account=account)
        channel = services.create_channel(
            account=account,
            kind="website",
            name="Shop",
            config={"allowed_domains": ["shop.example.com"]},
        )
        rows, tokens = [], []
        for _ in range(VISITORS):
            visitor = create_visitor(account=account, language="en")
            rows.append(services.start_conversation(visitor=visitor, channel=channel))
            tokens.append(new_token())
            VisitorSession.objects.create(
                channel=channel,
                visitor=visitor,
                conversation=rows[-1],
                token_hash=hash_token(tokens[-1]),
            )
        cookies = []
        for _ in range(AGENTS):
            client = Client()
            client.force_login(owner)
            assert SESSION_KEY in client.session
            cookies.append(client.cookies["sessionid"].value)
        floor_rows = [
            services.start_conversation(visitor=rows[0].visitor, channel=channel)
            for _ in range(VISITORS)
        ]
        with web() as host:
            return asyncio.run(
                measure(
                    Floor(floor_rows, channel),
                    host,
                    rows,
                    tokens=tokens,
                    cookies=cookies,
                )
            )


if __name__ == "__main__":
    sys.exit(main())
