"""Every figure beside its floor: `make bench`."""

import subprocess
import sys

FIGURES = (
    *("widget_bytes", "message_path", "page_queries", "card"),
    *("beacon", "live_visitors", "notifications", "inbox", "reports"),
)


def main() -> int:
    failed = 0
    for figure in FIGURES:
        print(f"\n== {figure} ==", flush=True)
        failed |= subprocess.call([sys.executable, "-m", f"benchmarks.{figure}"])
    return failed


if __name__ == "__main__":
    sys.exit(main())
