"""What the web process does before it listens."""

import os
import subprocess
import sys

# As it would begin to listen.
SETTLED = """
import gc
import sys
from supportdesk.operations import server

def run(application, **options):
    print(type(application).__name__, options["workers"])
    print(gc.get_freeze_count(), len(gc.get_objects()))

server.uvicorn.run = run
sys.argv = ["server"]
server.main()
"""


def test_what_is_loaded_once_is_out_of_the_way_of_collections():
    done = subprocess.run(
        [sys.executable, "-c", SETTLED],
        stdin=subprocess.DEVNULL,
        env=os.environ | {"WEB_CONCURRENCY": "4"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    application, workers, *counts = done.stdout.split()
    assert (application, workers) == ("ProtocolTypeRouter", "1")
    frozen, looked_at = map(int, counts)
    assert frozen > 100_000
    assert looked_at < frozen / 20
