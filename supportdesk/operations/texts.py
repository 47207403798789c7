import os
from collections.abc import Iterable
from pathlib import Path

import polib


def compile_texts(directories: Iterable[Path | str]) -> list[Path]:
    """Write the .mo file of every translation that has none or an older one."""
    written = []
    for directory in directories:
        for source in sorted(Path(directory).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            # Another process may be starting: it finds the old file or the new one.
            draft = target.with_name(f"{target.name}.{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(draft))
            draft.replace(target)
            written.append(target)
    return written
