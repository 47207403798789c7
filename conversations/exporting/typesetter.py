"""A program of its own that sets one document: `typesetter.py DIRECTORY FONTS`.

The directory holds `paper.typ` and what it reads; `paper.pdf` is left beside them. What
strangers wrote is set within limits of time and memory, and neither they nor a fault in
the typesetter can touch the process that asked.
"""

import sys
from pathlib import Path

SECONDS = 40
BYTES = 3 * 1024**3


def _limit() -> None:
    # macOS knows these limits and does not keep them.
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415  (optional dependency)

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    _limit()
    import typst  # noqa: PLC0415  (slow import)

    directory, fonts = map(Path, sys.argv[1:])
    typst.compile(
        directory / "paper.typ",
        output=directory / "paper.pdf",
        root=directory,
        font_paths=[fonts],
        ignore_system_fonts=True,
    )


if __name__ == "__main__":
    main()
