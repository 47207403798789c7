"""What the web process does before it listens."""

import subprocess
import sys

SETTLED = """
import gc
import supportdesk.asgi
from supportdesk.operations.server import settle
settle()
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_once_is_out_of_the_way_of_collections():
    done = subprocess.run(
        [sys.executable, "-c", SETTLED],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    frozen, looked_at = map(int, done.stdout.split())
    assert frozen > 100_000
    assert looked_at < frozen / 20
