"""The real product as processes of its own, for tests that kill parts of it."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

from supportdesk.operations.supervisor import terminated_with_parent
from tests import engines
from tests.shell import Shell

BASE_DIR = Path(__file__).resolve().parent.parent
READY_TIMEOUT = 60.0
# Databases of this process that others are copies of.
_migrated: set[str] = set()


class Product:
    """Web, worker and beat on a fresh database and a Redis database of their own."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._server = os.environ["DATABASE_URL"]
        # Each of xdist's workers drives a product of its own: on one Redis their pushes
        # would reach each other, for publishing knows no databases.
        name += os.environ.get("PYTEST_XDIST_WORKER", "")
        self._database = f"desk_{os.environ['DESK_TEST_RUN']}_{name}"
        redis_url, self._release = engines.claim_redis(os.environ["DESK_TEST_REDIS"])
        self.environment = os.environ | {
            "ENVIRONMENT": "development",
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
            "DATABASE_URL": self.database_url,
            "DATABASE_POOL_MAX": "8",
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": engines.prefix(name),
            "SITE_URL": self.url,
            "MEDIA_ROOT": str(self.directory / "media"),
            "STATIC_ROOT": str(self.directory / "static"),
            "EMAIL_URL": f"file:///{self.directory / 'mail'}",
            # Programs of their own must not write into this process's coverage.
            "COVERAGE_PROCESS_START": "",
        }
        for path in ("media", "static", "mail"):
            (self.directory / path).mkdir(exist_ok=True)
        self._beside: Shell | None = None
        try:
            self._create_database()
        except BaseException:
            self.stop()
            raise

    @property
    def database_url(self) -> str:
        return engines.with_database(self._server, self._database)

    def _create_database(self) -> None:
        """A copy of one that was migrated once: from the beginning it takes long."""
        migrated = f"desk_{os.environ['DESK_TEST_RUN']}_migrated"
        migrated += os.environ.get("PYTEST_XDIST_WORKER", "")
        if migrated not in _migrated:
            self._sql(f'CREATE DATABASE "{migrated}"')
            atexit.register(self._drop, migrated)
            url = engines.with_database(self._server, migrated)
            self.manage("migrate", "--verbosity", "0", DATABASE_URL=url)
            _migrated.add(migrated)
        self._sql(f'CREATE DATABASE "{self._database}" TEMPLATE "{migrated}"')

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)

    def _drop(self, database: str) -> None:
        # At the very end embedded engines may have gone already.
        with contextlib.suppress(psycopg.OperationalError):
            self._sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def manage(self, *arguments: str, **environment: str) -> str:
        """What a management command prints; a failing one fails the test."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def beside(self) -> Shell:
        """A Python on the product's database, started when it is needed."""
        if self._beside is None:
            self._beside = Shell(self.environment)
        return self._beside

    def shell(self, code: str) -> str:
        """What Python code prints that runs inside the product."""
        return self.beside.print(code)

    def start(self) -> None:
        self.start_web(wait=False)
        self.start_worker()
        self.start_beat()
        self.wait_for("/readyz")

    def start_web(self, *, wait: bool = True) -> None:
        self._start(
            *("web", "supportdesk.operations.server"),
            *("--port", str(self.port), "--grace", "2"),
        )
        if wait:
            self.wait_for("/healthz")

    def start_worker(self, *options: str, name: str = "worker") -> None:
        """One for all queues, or with `-Q` for some, beside others of other names."""
        self._start(
            *(name, "celery", "-A", "supportdesk", "worker", "-n", f"{name}@%h"),
            *("-c", "1"),
            *("--loglevel", "INFO", "--without-mingle", "--without-gossip", *options),
        )

    def start_beat(self, *, name: str = "beat") -> None:
        schedule = str(self.directory / name)
        self._start(
            *(name, "celery", "-A", "supportdesk", "beat", "--pidfile="),
            *("--schedule", schedule, "--loglevel", "WARNING"),
        )

    def kill_web(self) -> None:
        """As a machine that loses power would: no goodbye to any socket."""
        self.kill("web")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for(self, path: str, timeout: float = READY_TIMEOUT) -> None:
        deadline = time.monotonic() + timeout
        answer = "nothing"
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{name} has ended:\n{self.logs()}")
            status, answer = self.get(path)
            if status == 200:
                return
            time.sleep(0.1)
        raise AssertionError(f"{path} answered {answer}:\n{self.logs()}")

    def get(self, path: str) -> tuple[int, str]:
        """Status and text; 0 and the reason while nobody listens."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def logs(self, lines: int = 80) -> str:
        parts = []
        for path in sorted(self.directory.glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            parts.append("\n".join([f"--- {path.name}", *tail]))
        return "\n".join(parts)

    def stop(self) -> None:
        if self._beside:
            self._beside.close()
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + 8
        for name, process in list(self.processes.items()):
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.kill(name)
        self.processes.clear()
        self._drop(self._database)
        self._release()

    def _start(self, name: str, module: str, *arguments: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=(
                    terminated_with_parent() if sys.platform == "linux" else None
                ),
            )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
