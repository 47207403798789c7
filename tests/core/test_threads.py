"""What the threads beside the requests do when the process forks, and after errors."""

import os
import threading
import time

import pytest

from supportdesk.core import later, layer


def in_child(work):
    """Exit code of `work` in a forked process; 99 if it hung."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(int(not work()))
        finally:
            os._exit(2)
    for _ in range(100):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return 99


def runs_once():
    done = threading.Event()
    later.once("test", 0, done.set)
    return done.wait(3)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("module", [later, layer])
def test_forked_process_has_threads_of_its_own(module):
    assert runs_once()
    layer.send([])

    # The moment of the fork is nobody's choice: a thread may be inside.
    with module._lock:
        code = in_child(lambda: layer.send([]) is None and runs_once())

    assert code == 0


def test_broken_job_does_not_stop_those_after_it(caplog):
    def broken():
        raise ValueError("no")

    later.once("broken", 0, broken)

    assert runs_once()
    assert "a deferred push failed: broken" in caplog.text


def test_what_is_asked_for_twice_is_done_once():
    done = []
    for _ in range(3):
        later.once("counted", 0.05, done.append, 1)
    time.sleep(0.3)
    later.once("counted", 0, done.append, 2)
    time.sleep(0.2)

    assert done == [1, 2]
