#!/usr/bin/env python
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from django.core.management import execute_from_command_line
from environs import Env

from supportdesk.operations import engines

BASE_DIR = Path(__file__).resolve().parent
# Commands that touch neither database nor Redis.
WITHOUT_ENGINES = {
    "compilemessages",
    "compile_texts",
    "help",
    "makemessages",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    Env().read_env(str(BASE_DIR / ".env"), recurse=False)
    share = None
    if len(sys.argv) > 1 and not WITHOUT_ENGINES.intersection(sys.argv[1:]):
        try:
            if engines.embedded(os.environ):
                share = engines.provide(os.environ, BASE_DIR / "var" / "engines")
        except engines.EngineError as error:
            sys.exit(str(error))
    with share or nullcontext():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
