"""Exports in a browser: one conversation from its menu, a search from the list's."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, violations


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_results_and_one_conversation_become_files(desk, viewport):
    conversation = desk.conversation("Lena Hof")
    page = desk.sign_in(desk.anna, viewport=viewport)

    page.locator("#list-menu > summary").click()
    page.get_by_role("link", name="Export results…").click()
    expect(page.get_by_role("button", name="Start export")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Start export").click()
    ready = page.get_by_role("link", name="Download")
    # By itself: the page asks until it is written.
    expect(ready).to_be_visible(timeout=20_000)
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    with page.expect_download() as download:
        ready.click()
    assert "Lena Hof" in download.value.path().read_text(encoding="utf-8")

    desk.open(page, f"/conversations/{conversation}/")
    page.locator("#more-actions > summary").click()
    page.get_by_role("link", name="Export…").click()
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.startswith("conversation-lena-hof-")
