import os
import signal
import subprocess
import sys
import time

import pytest
from django.core.management import call_command

from supportdesk.celery import app
from supportdesk.operations.management.commands import run
from tests.factories import make_account
from tests.product import BASE_DIR, Product

pytestmark = pytest.mark.processes


@pytest.fixture
def product(tmp_path):
    product = Product(tmp_path, "run")
    yield product
    product.stop()


def descendants(pid):
    listing = subprocess.run(
        ["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True
    )
    pairs = [map(int, line.split()) for line in listing.stdout.splitlines()[1:]]
    parents = dict(pairs)
    found = {pid}
    while (
        grown := {child for child, parent in parents.items() if parent in found} - found
    ):
        found |= grown
    return found - {pid}


def still_there(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_run_serves_the_desk_until_it_is_interrupted(product):
    with subprocess.Popen(
        [sys.executable, "manage.py", "run", "--no-demo"],
        cwd=BASE_DIR,
        env=product.environment | {"PORT": str(product.port), "HOST": "0.0.0.0"},  # noqa: S104
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C stops everything." in line:
                break
        status, body = product.get("/readyz")
        pids = descendants(process.pid)

        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

        assert process.wait(10) == 0, rest
        assert time.monotonic() - begun < 10

    output = "".join(lines)
    assert status == 200, body
    assert f"Dashboard  http://localhost:{product.port}/\n" in output
    assert f"Demo shop  http://localhost:{product.port}/demo/\n" in output
    assert f"Admin      http://localhost:{product.port}/admin/\n" in output
    assert "Sign in as" not in output
    assert "Traceback" not in output + rest
    # Web, three workers with one process of their pools at least, and beat.
    assert len(pids) >= 8
    assert still_there(pids) == []


def queues_of(program):
    command = list(program.command)
    return command[command.index("-Q") + 1].split(",")


def test_every_queue_has_a_worker_and_delivery_one_of_its_own(settings):
    workers = {
        program.name: queues_of(program)
        for program in run.programs("127.0.0.1", 8000)
        if "-Q" in program.command
    }

    assert workers == {
        "worker": ["default", "notifications"],
        "delivery": ["delivery"],
        "long": ["long"],
    }
    served = [queue for queues in workers.values() for queue in queues]
    assert sorted(served) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)


def test_compose_serves_the_same_queues():
    lines = (BASE_DIR / "compose.yaml").read_text().splitlines()
    served = [line.partition("-Q, ")[2] for line in lines if "worker, -n" in line]

    assert [queues.split(", -")[0] for queues in served] == [
        '"default,notifications"',
        "delivery",
        "long",
    ]


def test_nothing_waits_behind_what_may_take_long(settings):
    app.loader.import_default_modules()
    queues = {
        name: app.amqp.router.route({}, name)["queue"].name
        for name, task in app.tasks.items()
        if (task.time_limit or settings.CELERY_TASK_TIME_LIMIT) > 300
    }

    assert set(queues) >= {"conversations.write_export", "operations.erase_account"}
    assert set(queues.values()) == {"long"}
    assert "long" not in settings.HEARTBEAT_QUEUES


class Seeded(Exception):
    pass


@pytest.fixture
def seeding(monkeypatch):
    def refuse(name, *args, **options):
        raise Seeded(name)

    monkeypatch.setattr(run, "call_command", refuse)


def test_empty_desk_is_seeded_in_development(db, seeding, settings):
    settings.DEVELOPMENT = True

    with pytest.raises(Seeded, match="seed_demo"):
        run.Command().seed_demo()


def test_production_is_never_seeded(db, seeding, settings):
    settings.DEVELOPMENT = False

    assert run.Command().seed_demo() is False


def test_desk_with_accounts_is_left_alone(db, seeding, settings):
    settings.DEVELOPMENT = True
    make_account()

    assert run.Command().seed_demo() is False


def test_compile_texts_writes_what_changed(tmp_path, settings, capsys):
    source = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid "Send"\nmsgstr "Senden"\n')
    settings.LOCALE_PATHS = [tmp_path]

    call_command("compile_texts")
    first = capsys.readouterr().out
    call_command("compile_texts")
    second = capsys.readouterr().out

    target = source.with_suffix(".mo")
    assert first == f"compiled {target}\n"
    assert second == ""
    assert b"Senden" in target.read_bytes()
