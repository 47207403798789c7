import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis

from supportdesk.operations import engine_keeper, engines
from tests.product import BASE_DIR

pytestmark = pytest.mark.processes
BOTH = {"DATABASE_URL": "postgres://a/b", "REDIS_URL": "redis://c/0"}
HOLD = """
import pathlib, sys, time
from supportdesk.operations.engines import Engines
share = Engines(pathlib.Path(sys.argv[1]))
print(share.addresses.redis_url, flush=True)
time.sleep(60)
"""
# A server that was left: it has its lock, and takes it away when it is interrupted.
LEFT = """
import os, pathlib, sys, time
lock = pathlib.Path(sys.argv[2]) / "postmaster.pid"
lock.write_text(str(os.getpid()))
try:
    print("up", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    lock.unlink()
"""


@pytest.fixture
def directory():
    # Not tmp_path: for root, PostgreSQL's user must pass, and every start of pytest
    # shuts the directory above it.
    base = Path(tempfile.mkdtemp(prefix="desktest-"))
    # Longer than the address of a socket may be.
    path = base / "a-long-name-for-a-checkout" / ("deep" * 25) / "engines"
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(base)


def redis_answers(share):
    with redis.Redis.from_url(share.addresses.redis_url) as client:
        return client.ping()


def database_answers(share):
    with psycopg.connect(share.addresses.database_url) as connection:
        return connection.execute("SELECT lower('GRÖSSE')").fetchone() == (
            "größe",
        ) or (connection.execute("SELECT lower('ÄÖ')").fetchone() == ("äö",))


def running(directory):
    """Command lines of the processes that mention the directory."""
    listing = subprocess.run(
        ["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True
    )
    return [line for line in listing.stdout.splitlines() if str(directory) in line]


def left_over(directory):
    """What is still there after the keeper had time to leave."""
    deadline = time.monotonic() + 15
    while running(directory) and time.monotonic() < deadline:
        time.sleep(0.1)
    return running(directory)


def holder(directory):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_users_share_the_engines_and_the_last_one_ends_them(directory):
    first = engines.Engines(directory, throwaway=True)
    second = engines.Engines(directory, throwaway=True)

    assert first.addresses == second.addresses
    assert database_answers(second)
    first.close()
    assert not first.wait_stopped(1)
    assert redis_answers(second)
    second.close()
    assert second.wait_stopped()
    assert left_over(directory) == []


def test_data_outlives_a_stop_and_a_new_start(directory):
    with (
        engines.Engines(directory) as share,
        psycopg.connect(share.addresses.database_url) as connection,
    ):
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert share.wait_stopped()

    with (
        engines.Engines(directory) as share,
        psycopg.connect(share.addresses.database_url) as connection,
    ):
        row = connection.execute("SELECT number FROM kept").fetchone()
    assert share.wait_stopped()

    assert row == (7,)


def test_engines_end_when_their_only_user_is_killed(directory):
    with holder(directory) as user:
        user.stdout.readline()
        assert running(directory)

        os.killpg(user.pid, signal.SIGKILL)

    assert left_over(directory) == []


def test_engines_recover_from_a_killed_keeper(directory):
    with holder(directory) as user:
        address = user.stdout.readline().strip()
        (keeper,) = [line for line in running(directory) if "engine_keeper" in line]
        os.kill(int(keeper.split()[0]), signal.SIGKILL)
        with engines.lock_file(directory / "keeper.lock"):
            pass  # the kernel has taken the keeper's locks back

        with engines.Engines(directory) as share:
            assert share.addresses.redis_url != address
            assert database_answers(share)
            assert redis_answers(share)
            user.kill()
        assert share.wait_stopped()
    assert left_over(directory) == []


def test_stranger_with_the_number_of_a_server_is_left_alone(directory):
    """As after a power loss: the file is there, its process is somebody else's."""
    postgres = engine_keeper.Postgres(directory, throwaway=True)
    postgres.data.mkdir()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (postgres.data / "postmaster.pid").write_text(f"{stranger.pid}\n/elsewhere\n")

        postgres._end_leftover()

        assert stranger.poll() is None
        # Else PostgreSQL would not start beside it.
        assert not (postgres.data / "postmaster.pid").exists()
        stranger.kill()


def test_server_of_these_data_is_ended(directory):
    postgres = engine_keeper.Postgres(directory, throwaway=True)
    postgres.data.mkdir()
    command = [sys.executable, "-c", LEFT, "-D", str(postgres.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as left:
        left.stdout.readline()

        postgres._end_leftover()

        assert left.wait() == 0


@pytest.mark.parametrize("text", [None, "", "no number\n", "4194305\n/elsewhere\n"])
def test_lock_that_names_nobody_ends_nobody(directory, text):
    postgres = engine_keeper.Postgres(directory, throwaway=True)
    postgres.data.mkdir()
    if text is not None:
        (postgres.data / "postmaster.pid").write_text(text)

    postgres._end_leftover()

    assert running(directory) == []


def test_engine_that_dies_is_started_anew(directory):
    with engines.Engines(directory) as share:
        with redis.Redis.from_url(share.addresses.redis_url) as client:
            client.set("kept", "yes")
            time.sleep(1.2)  # the journal reaches the disk every second
            client.shutdown(nosave=True, now=True, force=True)

        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with redis.Redis.from_url(share.addresses.redis_url) as client:
                    assert client.get("kept") == b"yes"
                break
            except redis.ConnectionError:
                time.sleep(0.1)
        else:
            raise AssertionError("Valkey did not come back")
    assert share.wait_stopped()


def test_addresses_are_for_their_owner_only(directory):
    with engines.Engines(directory, throwaway=True) as share:
        state = directory / "state.json"
        assert json.loads(state.read_text())["redis_url"] == share.addresses.redis_url
        assert state.stat().st_mode & 0o077 == 0
        _, _, server = share.addresses.redis_url.rpartition("@")
        with (
            redis.Redis.from_url(f"redis://{server}") as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
    assert share.wait_stopped()


def test_data_of_another_version_is_refused_with_a_sentence(directory):
    (directory / "postgres").mkdir()
    (directory / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(engines.EngineError, match="was written by PostgreSQL 12"):
        engines.Engines(directory)


def test_provide_fills_in_only_what_is_missing(directory):
    environ = {"DATABASE_URL": "postgres://db.example.com/desk"}

    with engines.provide(environ, directory, throwaway=True) as share:
        assert environ == {
            "DATABASE_URL": "postgres://db.example.com/desk",
            "REDIS_URL": share.addresses.redis_url,
        }
    assert share.wait_stopped()


def test_provide_starts_nothing_when_both_are_named(tmp_path):
    environ = dict(BOTH)

    assert engines.provide(environ, tmp_path / "none") is None

    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ENVIRONMENT": "development"}, True),
        ({"ENVIRONMENT": "development", "REDIS_URL": "redis://a/0"}, True),
        ({"ENVIRONMENT": "development", "DATABASE_URL": "postgres://a/b"}, True),
        ({"ENVIRONMENT": "development"} | BOTH, False),
        ({"ENVIRONMENT": "production"}, False),
        ({"ENVIRONMENT": "production", "DATABASE_URL": "postgres://a/b"}, False),
        ({}, False),
    ],
)
def test_missing_engines_are_embedded_only_in_development(environ, expected):
    assert engines.embedded(environ) is expected
