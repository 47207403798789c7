"""What visitors who browse cost: beacons per second of one web process.

Page views, which are stored, and signs of life, which are not, beside a bare view of
the same process, over kept connections. All in one run, so that the figures compare.
"""

import asyncio
import itertools
import json
import sys
import time
from typing import Any

from benchmarks.desk import fresh_database, percentile, web

VISITORS = 200
CONNECTIONS = 8
SECONDS = 6.0
ORIGIN = "https://shop.example.com"
# Of the bare view's rate, at least so much: a page view is a transaction of five
# statements, a sign of life a few questions to Redis.
SHARES = {"sign of life": 0.3, "page view": 0.1}


def _beacon(token: str, pages: list[dict[str, Any]] | None) -> bytes:
    sent: dict[str, Any] = {"token": token}
    if pages is not None:
        sent["pages"] = pages
    body = json.dumps(sent).encode()
    head = (
        "POST /widget/visit HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Origin: {ORIGIN}\r\nContent-Type: text/plain\r\n"
        f"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _page(number: int) -> list[dict[str, Any]]:
    url = f"{ORIGIN}/products/{number}?utm_source=news&size=m"
    return [{"url": url, "title": f"Product {number}", "ago": 0}]


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    if length:
        await reader.readexactly(int(length))
    elif "transfer-encoding: chunked" in head:
        await reader.readuntil(b"\r\n0\r\n\r\n")
    return int(head.split(" ", 2)[1])


async def _rate(
    host: str, requests: "itertools.cycle[bytes]", status: int
) -> tuple[float, float]:
    """Answers per second, and the p99 of their times in milliseconds."""
    address, _, port = host.partition(":")
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def browse() -> None:
        reader, writer = await asyncio.open_connection(address, int(port))
        while (begin := time.perf_counter()) < end:
            writer.write(next(requests))
            answered = await _answer(reader)
            assert answered == status, answered
            times.append(time.perf_counter() - begin)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(browse() for _ in range(CONNECTIONS)))
    rate = len(times) / (time.perf_counter() - begin)
    return rate, percentile(times, 0.99) * 1000


async def measure(host: str, tokens: list[str]) -> int:
    bare = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    views = [_beacon(token, _page(number)) for number, token in enumerate(tokens)]
    beats = [_beacon(token, None) for token in tokens]
    kinds = {
        "bare view": ([bare], 200),
        # First, for it says who is there.
        "page view": (views, 204),
        "sign of life": (beats, 204),
    }
    await _rate(host, itertools.cycle(views), 204)
    found = {}
    for name, (requests, status) in kinds.items():
        found[name], p99 = await _rate(host, itertools.cycle(requests), status)
        share = found[name] / found["bare view"]
        bound = f"   (at least x {SHARES[name]:.2f})" if name in SHARES else ""
        print(
            f"{name:<14}{found[name]:>8.0f} /s   p99 {p99:>6.1f} ms"
            f"   x {share:.2f}{bound}"
        )
    good = all(
        found[name] >= share * found["bare view"] for name, share in SHARES.items()
    )
    return 0 if good else 1


def main() -> int:
    with fresh_database():
        from channels_integration.website import services  # noqa: PLC0415
        from tests import factories  # noqa: PLC0415

        channel = factories.make_channel(factories.make_account())
        tokens = [
            services.open_session(channel=channel, language="en")[1]
            for _ in range(VISITORS)
        ]
        with web() as host:
            return asyncio.run(measure(host, tokens))


if __name__ == "__main__":
    sys.exit(main())
