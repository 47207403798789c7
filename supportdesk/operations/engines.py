"""Embedded PostgreSQL and Valkey for machines that have neither.

Whoever needs the engines holds a shared lock on `users.lock` in their directory.
A keeper process, started by the first user, runs both servers for as long as
anyone holds it. The kernel drops a lock with its process, so the engines stop
with the last user however that ended, and `make run` and `manage.py shell`
share one pair. Nothing here needs Django: it runs before settings are read.
"""

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class EngineError(Exception):
    """Says to a person why the embedded engines are not to be had."""


@dataclass(frozen=True)
class Addresses:
    database_url: str
    redis_url: str


class Engines:
    """A share in the engines of one directory; they run until `close()`."""

    def __init__(self, directory: Path, *, throwaway: bool = False) -> None:
        self.directory = directory.resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        # Waits here while a keeper that nobody needed any more is stopping.
        self._share: IO[str] | None = lock_file(
            self.directory / "users.lock", shared=True
        )
        try:
            self.addresses = self._find_or_start(throwaway)
        except BaseException:
            self.close()
            raise

    def _find_or_start(self, throwaway: bool) -> Addresses:
        with lock_file(self.directory / "start.lock"):
            keeper = try_lock(self.directory / "keeper.lock")
            if keeper is None:
                state = json.loads((self.directory / "state.json").read_text())
                return Addresses(**state)
            keeper.close()
            return self._start_keeper(throwaway)

    def _start_keeper(self, throwaway: bool) -> Addresses:
        command = [
            *(sys.executable, "-m", "supportdesk.operations.engine_keeper"),
            str(self.directory),
        ]
        if throwaway:
            command.append("--throwaway")
        log = self.directory / "keeper.log"
        with log.open("w") as errors:
            # Its own session: ctrl-C in the terminal must not reach the engines
            # before their users have shut down.
            keeper = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                cwd=Path(__file__).resolve().parents[2],
            )
        answer = ""
        if keeper.stdout:
            with keeper.stdout as answers:
                answer = answers.readline()
        if not answer:
            keeper.wait()
            reason = log.read_text().strip().rpartition("\n")[2]
            raise EngineError(
                f"The embedded engines did not start: {reason} (details in "
                f"{self.directory}). Name servers in DATABASE_URL and REDIS_URL to "
                "do without them."
            )
        # The keeper outlives us if others share it: it is nobody's child to wait for.
        keeper.returncode = 0
        return Addresses(**json.loads(answer))

    def close(self) -> None:
        if self._share:
            self._share.close()
            self._share = None

    def wait_stopped(self, timeout: float = 15.0) -> bool:
        """Whether the keeper is gone, for the owner who wants to see it end."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                lock = try_lock(self.directory / "keeper.lock")
            except FileNotFoundError:  # throwaway engines take their directory along
                return True
            if lock:
                lock.close()
                return True
            time.sleep(0.05)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def provide(
    environ: MutableMapping[str, str], directory: Path, *, throwaway: bool = False
) -> Engines | None:
    """Fill in the addresses that the environment does not name."""
    if environ.get("DATABASE_URL") and environ.get("REDIS_URL"):
        return None
    engines = Engines(directory, throwaway=throwaway)
    environ["DATABASE_URL"] = (
        environ.get("DATABASE_URL") or engines.addresses.database_url
    )
    environ["REDIS_URL"] = environ.get("REDIS_URL") or engines.addresses.redis_url
    return engines


def embedded(environ: Mapping[str, str]) -> bool:
    """Whether this environment leaves the engines, or one of them, to us."""
    return environ.get("ENVIRONMENT") == "development" and not (
        environ.get("DATABASE_URL") and environ.get("REDIS_URL")
    )


def lock_file(path: Path, *, shared: bool = False) -> IO[str]:
    handle = path.open("a")
    fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    return handle


def try_lock(path: Path) -> IO[str] | None:
    handle = path.open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle
