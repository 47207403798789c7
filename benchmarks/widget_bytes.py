"""Bytes a visitor loads for the chat: the launcher, and the box on first open.

Prints gzip and brotli sizes beside the limits; ends with 1 above a limit.
"""

import gzip
import sys
from pathlib import Path

import brotli

WIDGET = Path(__file__).resolve().parent.parent / "static" / "widget"
LOADER = ("loader.js",)
LIMITS = {"launcher": 8 * 1024, "chat box": 15 * 1024}


def sizes(names: tuple[str, ...]) -> tuple[int, int, int]:
    bodies = [(WIDGET / name).read_bytes() for name in names]
    return (
        sum(len(body) for body in bodies),
        # Each file travels on its own, so each is compressed on its own.
        sum(len(gzip.compress(body, 9)) for body in bodies),
        sum(len(brotli.compress(body)) for body in bodies),
    )


def main() -> int:
    box = tuple(
        sorted(
            path.name
            for path in WIDGET.iterdir()
            if path.suffix in {".js", ".css"} and path.name not in LOADER
        )
    )
    failed = False
    print(f"{'part':<10} {'raw':>8} {'gzip':>8} {'brotli':>8} {'limit':>8}")
    for part, names in (("launcher", LOADER), ("chat box", box)):
        raw, zipped, brotlied = sizes(names)
        over = zipped > LIMITS[part]
        failed |= over
        print(
            f"{part:<10} {raw:>8} {zipped:>8} {brotlied:>8} {LIMITS[part]:>8}"
            + ("  TOO LARGE" if over else "")
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
