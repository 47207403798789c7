import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.product import BASE_DIR, free_port

pytestmark = pytest.mark.processes
SUPERVISE = """
import sys
from supportdesk.operations.supervisor import Program, Supervisor
programs = [Program(f"p{n}", (sys.executable, "-uc", text))
            for n, text in enumerate(sys.argv[1:])]
sys.exit(Supervisor(programs, backoff=0.01).run())
"""
LOYAL = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); " + LOYAL


def supervise(*programs):
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, *programs],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process, wanted, times=1):
    lines = []
    for line in process.stdout:
        lines.append(line)
        times -= wanted in line
        if not times:
            return lines
    raise AssertionError(f"{wanted!r} never came: {lines}")


def children(pid):
    listing = subprocess.run(
        ["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in listing.stdout.splitlines()[1:]]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_every_program(number):
    with supervise(LOYAL, LOYAL) as process:
        read_until(process, "up", 2)
        pids = children(process.pid)

        process.send_signal(number)

        assert process.wait(10) == 0
    assert len(pids) == 2
    assert [pid for pid in pids if alive(pid)] == []


def test_program_that_ignores_the_signal_is_killed_within_ten_seconds():
    with supervise(DEAF, LOYAL) as process:
        read_until(process, "up", 2)
        pids = children(process.pid)

        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()

        assert process.wait(10) == 0
        assert time.monotonic() - begun < 10
    assert "p0 | did not end in time and is killed" in output
    assert [pid for pid in pids if alive(pid)] == []


def test_second_signal_does_not_wait():
    with supervise(DEAF) as process:
        read_until(process, "up")

        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)

        process.wait(10)
        assert time.monotonic() - begun < 3


def test_program_that_dies_is_started_anew():
    with supervise(LOYAL) as process:
        read_until(process, "up")
        (first,) = children(process.pid)

        os.kill(first, signal.SIGKILL)

        lines = read_until(process, "up")
        assert lines[0].startswith("p0 | ended with -9, starts anew in ")
        assert children(process.pid) != [first]
        process.terminate()
        assert process.wait(10) == 0


def test_program_that_keeps_dying_ends_everything_with_its_reason():
    with supervise(LOYAL, "print('no such setting'); raise SystemExit(3)") as process:
        pids = children(process.pid)
        output = process.stdout.read()

        assert process.wait(20) == 1
    assert output.count("p1 | no such setting") == 5
    assert "p1 ended 5 times at once (last exit code 3), so everything stops" in output
    assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="a promise of Linux's kernel")
def test_programs_end_with_a_killed_supervisor():
    with supervise(LOYAL) as process:
        read_until(process, "up")
        (pid,) = children(process.pid)

        process.kill()
        process.wait()

        deadline = time.monotonic() + 5
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(pid)


def test_run_names_the_taken_port():
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = subprocess.run(
            [sys.executable, "manage.py", "run"],
            cwd=BASE_DIR,
            env=os.environ
            | {"PORT": str(port), "DJANGO_SETTINGS_MODULE": "supportdesk.settings"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["http", "", "99999999"])
def test_run_refuses_a_port_that_is_none(port):
    done = subprocess.run(
        [sys.executable, "manage.py", "run"],
        cwd=BASE_DIR,
        env=os.environ
        | {"PORT": port, "DJANGO_SETTINGS_MODULE": "supportdesk.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "PORT must be a number from 1 to 65535." in done.stderr
