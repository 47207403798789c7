"""Where the browser of the tests is, and how it is started.

Most tests start the headless shell, which has no windows: it opens a page in a third of
the time. What needs a whole browser, notifications for example, starts that.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

SHELL = "chromium-headless-shell"
WHOLE = ("chromium", "chromium-browser", "google-chrome")


def find(*, whole: bool = True) -> str | None:
    """Path of Chromium: $CHROMIUM, then PATH; None for Playwright's own download."""
    named = os.environ.get("CHROMIUM")
    if named:
        if path := shutil.which(named):
            return path
        raise RuntimeError(f"CHROMIUM names {named}, which cannot be started.")
    for name in WHOLE if whole else (SHELL, *WHOLE):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    if Path(own).exists():
        return None
    raise RuntimeError(
        "No Chromium found: install it, name it in CHROMIUM, "
        "or run `playwright install chromium`."
    )


@contextmanager
def started(*, whole: bool = False) -> Iterator[Browser]:
    path = find(whole=whole)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # Of Playwright's own two the shell is what it starts unasked.
            channel="chromium" if whole and path is None else None,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        yield browser
        browser.close()


def install() -> None:
    """Have a Chromium: Playwright's download, or the distribution's as root."""
    with_playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(with_playwright, check=False).returncode != 0:
        install_package("chromium")


def install_package(name: str) -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", name]):
            subprocess.run(["apt-get", *command], env=environment, check=False)


def main() -> None:
    try:
        find()
    except RuntimeError:
        install()
    try:
        # Playwright's download has both; a distribution's may lack the shell.
        if find() and not os.environ.get("CHROMIUM") and not shutil.which(SHELL):
            install_package(SHELL)
        # A download may lack libraries of the system: only starting it tells.
        for whole in (True, False):
            with started(whole=whole) as browser:
                browser.new_page()
    except (RuntimeError, Error) as error:
        sys.exit(f"{error}\nNo browser for the tests starts.")


if __name__ == "__main__":
    main()
