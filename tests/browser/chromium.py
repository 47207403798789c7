"""Where the browser of the tests is."""

import os
import shutil
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
