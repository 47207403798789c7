"""Where the browser of the tests is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str:
    """Path of Chromium: $CHROMIUM, then PATH, then Playwright's own download."""
    named = os.environ.get("CHROMIUM")
    if named:
        if path := shutil.which(named):
            return path
        raise RuntimeError(f"CHROMIUM names {named}, which cannot be started.")
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    if Path(own).exists():
        return own
    raise RuntimeError(
        "No Chromium found: install it, name it in CHROMIUM, "
        "or run `playwright install chromium`."
    )


def install() -> None:
    """Have a Chromium: Playwright's download, or the distribution's as root."""
    with_playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(with_playwright, check=False).returncode == 0:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run(["apt-get", *command], env=environment, check=True)


def starts(path: str) -> bool:
    """A download may lack libraries of the system: only starting it tells."""
    done = subprocess.run(
        [path, "--headless", "--no-sandbox", "--dump-dom", "about:blank"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


def main() -> None:
    try:
        find()
    except RuntimeError:
        install()
    try:
        path = find()
    except RuntimeError as error:
        sys.exit(str(error))
    if not starts(path):
        sys.exit(f"{path} does not start: run `playwright install-deps chromium`.")


if __name__ == "__main__":
    main()
