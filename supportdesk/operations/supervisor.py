"""Runs the product's processes in the foreground and ends every one of them."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

QUICK_DEATH = 10.0
QUICK_DEATHS_ALLOWED = 5
# Under the ten seconds that a terminal or a service manager grants us.
GRACE = 7.0
COLOURS = (36, 33, 35, 32, 34)


@dataclass(frozen=True)
class Program:
    name: str
    command: Sequence[str]


class Supervisor:
    """Restarts what dies, gives up on what keeps dying, stops all at a signal."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        on_start: Callable[["Supervisor"], object] | None = None,
        backoff: float = 1.0,
    ) -> None:
        self.programs = programs
        self.backoff = backoff
        self.on_start = on_start
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.failure = ""
        self._width = max(len(program.name) for program in programs)
        self._colours = dict(
            zip((program.name for program in programs), COLOURS, strict=False)
        )

    def run(self) -> int:
        """Until a signal (0) or a program that does not stay up (1)."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        self._stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        keepers = [asyncio.create_task(self._keep(item)) for item in self.programs]
        greeter = (
            asyncio.create_task(asyncio.to_thread(self.on_start, self))
            if self.on_start
            else None
        )
        await self._stopping.wait()
        await self._stop_all()
        await asyncio.gather(*keepers)
        if greeter:
            await greeter
        if self.failure:
            self.say("desk", self.failure)
        return 1 if self.failure else 0

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _on_signal(self) -> None:
        if self.stopping:
            # The second ctrl-C of somebody who will not wait.
            self._signal_all(signal.SIGKILL)
        self._stopping.set()

    async def _keep(self, program: Program) -> None:
        quick_deaths = 0
        while not self.stopping:
            begun = time.monotonic()
            code = await self._run_once(program)
            if self.stopping:
                return
            quick = time.monotonic() - begun < QUICK_DEATH
            quick_deaths = quick_deaths + 1 if quick else 0
            if quick_deaths >= QUICK_DEATHS_ALLOWED:
                self.failure = (
                    f"{program.name} ended {quick_deaths} times at once (last exit "
                    f"code {code}), so everything stops. Its last lines say why."
                )
                self._stopping.set()
                return
            pause = self.backoff * 2 ** max(quick_deaths - 1, 0)
            self.say(program.name, f"ended with {code}, starts anew in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run_once(self, program: Program) -> int:
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # The terminal's ctrl-C is for us alone: we end the others in order.
            start_new_session=True,
            preexec_fn=terminated_with_parent() if sys.platform == "linux" else None,
            limit=2**20,
        )
        self.running[program.name] = process
        try:
            while process.stdout and (line := await _read_line(process.stdout)):
                self.say(program.name, line.decode(errors="replace").rstrip("\r\n"))
            return await process.wait()
        finally:
            del self.running[program.name]

    async def _stop_all(self) -> None:
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while self.running and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        for name in list(self.running):
            self.say(name, "did not end in time and is killed")
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for process in list(self.running.values()):
            with contextlib.suppress(ProcessLookupError):
                if number == signal.SIGKILL:
                    os.killpg(process.pid, number)
                else:
                    process.send_signal(number)

    def say(self, name: str, line: str) -> None:
        prefix = f"{name:>{self._width}} |"
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
            prefix = f"\x1b[{self._colours.get(name, 37)}m{prefix}\x1b[0m"
        sys.stdout.write(f"{prefix} {line}\n")
        sys.stdout.flush()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        # A line beyond the limit: readline() has dropped it, the next one is fine.
        return b"(a line too long to show)\n"


def terminated_with_parent() -> Callable[[], None]:
    """Have Linux end the child with us, even when we are killed outright."""
    set_parent_death_signal = 1
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(set_parent_death_signal, int(signal.SIGTERM))
