"""Bytes a visitor loads for the chat: the launcher, and the box on first open.

What the first open loads depends on what it shows: the chat while somebody is there,
else a form. A page loads one of the two launchers. Prints gzip and brotli sizes beside the limits; ends with 1 above a limit.
"""

import gzip
import sys
from pathlib import Path

import brotli

WIDGET = Path(__file__).resolve().parent.parent / "static" / "widget"
KB = 1024
PARTS = {
    "launcher": (("loader.js",), 8 * KB),
    "launcher, /loader.js": (("smartsupp.js",), 8 * KB),
    "what pages tell": (("person.js",), 3 * KB),
    "box, opened as chat": (("box.js", "box.css", "chat.js"), 15 * KB),
    "box, opened as form": (("box.js", "box.css", "forms.js", "forms.css"), 15 * KB),
    "all of it, over time": (
        (
            *("smartsupp.js", "person.js", "box.js", "box.css"),
            *("chat.js", "forms.js", "forms.css"),
        ),
        31 * KB,
    ),
}


def sizes(names: tuple[str, ...]) -> tuple[int, int, int]:
    bodies = [(WIDGET / name).read_bytes() for name in names]
    return (
        sum(len(body) for body in bodies),
        # Each file travels on its own, so each is compressed on its own.
        sum(len(gzip.compress(body, 9)) for body in bodies),
        sum(len(brotli.compress(body)) for body in bodies),
    )


def main() -> int:
    failed = False
    print(f"{'part':<22} {'raw':>8} {'gzip':>8} {'brotli':>8} {'limit':>8}")
    for part, (names, limit) in PARTS.items():
        raw, zipped, brotlied = sizes(names)
        over = zipped > limit
        failed |= over
        print(
            f"{part:<22} {raw:>8} {zipped:>8} {brotlied:>8} {limit:>8}"
            + ("  TOO LARGE" if over else "")
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
