"""A socket to the ASGI application without a server, for consumer tests."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator

from supportdesk.asgi import application

QUIET = 0.3
"""Seconds without a frame after which nothing more is expected."""


class Socket(ApplicationCommunicator):
    """One WebSocket; `async with` opens it and closes it at the end."""

    def __init__(self, address: str, **headers: str) -> None:
        parts = urlsplit(address)
        super().__init__(
            application,
            {
                "type": "websocket",
                "path": parts.path,
                "raw_path": parts.path.encode(),
                "query_string": parts.query.encode(),
                "headers": [
                    (name.replace("_", "-").encode(), value.encode())
                    for name, value in {"host": "testserver", **headers}.items()
                ],
                "client": ("203.0.113.7", 50000),
                "subprotocols": [],
            },
        )

    async def __aenter__(self) -> "Socket":
        refused = await self.connect()
        assert refused is None, f"refused with {refused}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.leave()

    async def connect(self) -> int | None:
        """Open; returns the close code if the application refuses, else None."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(5)
        if answer["type"] == "websocket.close":
            await self.wait(2)
            return int(answer.get("code", 1000))
        assert answer["type"] == "websocket.accept"
        return None

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(2)

    async def send(self, **content: Any) -> None:
        await self.send_text(json.dumps(content))

    async def send_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes": data})

    async def frames_until(self, kind: str) -> list[dict[str, Any]]:
        """Frames up to one of this kind and what follows it: a loaded machine may be
        quiet before it."""
        found: list[dict[str, Any]] = []
        for _ in range(20):
            found += await self.frames()
            if any(frame["type"] == kind for frame in found):
                break
        return found

    async def frames(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Frames that arrive until it is quiet; a close is one of type `close`."""
        found = []
        while True:
            try:
                output = await asyncio.wait_for(self.output_queue.get(), QUIET)
            except TimeoutError:
                break
            if output["type"] == "websocket.close":
                found.append({"type": "close", "code": output.get("code")})
            else:
                found.append(json.loads(output["text"]))
        return [frame for frame in found if kind is None or frame["type"] == kind]
