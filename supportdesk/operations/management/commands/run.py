import contextlib
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from supportdesk.operations.supervisor import Program, Supervisor
from supportdesk.operations.texts import compile_texts

DEMO_LOGINS = ("owner@example.com", "full@example.com", "agent@example.com")
DEMO_PASSWORD = "demo-desk"  # noqa: S105
READY_TIMEOUT = 60.0
# The workers need not know of each other: they are ready a second sooner.
ALONE = ("--without-mingle", "--without-gossip")
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
LOCAL = {*ANY, *ANY.values()}


class Command(BaseCommand):
    help = "Runs the whole desk in the foreground: web, worker and beat."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="no demo data")

    def handle(self, *args: Any, **options: Any) -> None:
        host = os.environ.get("HOST", "127.0.0.1")
        port = port_number(os.environ.get("PORT", "8000"))
        refuse_taken_port(host, port)
        for directory in (settings.VAR_DIR, settings.STATIC_ROOT, settings.MEDIA_ROOT):
            directory.mkdir(parents=True, exist_ok=True)
        compile_texts(settings.LOCALE_PATHS)
        call_command("migrate", interactive=False, verbosity=0)
        demo = not options["no_demo"] and self.seed_demo()
        # The children have pools of their own; this process needs the database no more.
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
        supervisor = Supervisor(
            programs(host, port),
            on_start=lambda running: greet(running, host, port, demo=demo),
        )
        if supervisor.run():
            sys.exit(1)

    def seed_demo(self) -> bool:
        """Whether this desk shows demo data, seeding it if it is still empty."""
        if not settings.DEVELOPMENT:
            return False
        users = get_user_model()._default_manager
        if "seed_demo" in get_commands() and not users.exists():
            self.stdout.write("Filling the empty desk with demo data ...")
            call_command("seed_demo")
        return bool(users.filter(email=DEMO_LOGINS[0]).exists())


def port_number(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number < 65536:
        raise CommandError("PORT must be a number from 1 to 65535.")
    return number


def refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error}. Is another desk running? "
                f"Stop it, or choose another port: PORT={port % 65535 + 1} make run"
            ) from None


def programs(host: str, port: int) -> list[Program]:
    python = sys.executable
    # Root's warning is about pickled tasks, which the settings do not accept.
    calm = ("-W", "ignore:You're running the worker with superuser")
    celery = (python, *calm, "-m", "celery", "--quiet", "-A", "supportdesk")

    def worker(name: str, queues: str, *, processes: int) -> Program:
        options = ("--loglevel", "INFO", "-c", str(processes), *ALONE)
        node = ("-n", f"{name}@%h", "-Q", queues)
        return Program(name, (*celery, "worker", *node, *options))

    return [
        Program(
            "web",
            (
                *(python, "-m", "supportdesk.operations.server"),
                *("--host", host, "--port", str(port)),
                *("--grace", "4", "--log-level", "warning"),
            ),
        ),
        worker("worker", "default,notifications", processes=2),
        # Of its own: a mail server that hangs must not hold up an answer.
        worker("delivery", "delivery", processes=1),
        # Exports and erasing go on for minutes to hours.
        worker("long", "long", processes=1),
        Program("beat", (*celery, "beat", "--loglevel", "WARNING", "--pidfile=")),
    ]


def greet(supervisor: Supervisor, host: str, port: int, *, demo: bool) -> None:
    """Say where the desk is, once all its parts answer."""
    shown = "localhost" if host in LOCAL else host
    site = f"http://{shown}:{port}"
    probe = f"http://{_connectable(host)}:{port}/readyz"
    deadline = time.monotonic() + READY_TIMEOUT
    while not supervisor.stopping:
        if _answers(probe):
            break
        if time.monotonic() > deadline:
            supervisor.say("desk", f"Not all parts answer yet: see {site}/readyz")
            return
        time.sleep(0.3)
    if supervisor.stopping:
        return
    lines = [
        "",
        f"Dashboard  {site}/",
        f"Demo shop  {site}/demo/",
        f"Admin      {site}/admin/",
    ]
    if demo:
        lines.append(f"Sign in as {', '.join(DEMO_LOGINS)}; password {DEMO_PASSWORD}")
    lines += ["Ctrl-C stops everything.", ""]
    for line in lines:
        supervisor.say("desk", line)


def _connectable(host: str) -> str:
    address = ANY.get(host, host)
    return f"[{address}]" if ":" in address else address


def _answers(url: str) -> bool:
    # An opener of our own: the machine's proxy settings are not for this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with (
        contextlib.suppress(OSError, urllib.error.URLError),
        opener.open(url, timeout=5) as response,
    ):
        return response.status == 200
    return False
