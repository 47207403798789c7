"""Reports in a browser: with and without script, for everybody, on a phone too."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import PASSWORD, WIDE, sign_in, violations


@pytest.fixture(scope="module", autouse=True)
def counted(running_product):
    running_product.manage("seed_demo")
    # Counts what is settled; twice, for the first time only looks ahead.
    running_product.manage("rebuild_reports")
    running_product.manage("rebuild_reports")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_report_is_for_everybody(stack, new_page, viewport, dark):
    page = new_page(viewport=viewport, dark=dark)
    sign_in(stack, page)
    page.goto(f"{stack.url}/reports/?d=365")

    expect(page.locator("#chart-days .bar").first).to_be_attached()
    for table in page.locator(".as-table summary").all():
        table.click()
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    body = page.locator(".page--reports")
    assert body.evaluate("page => page.scrollWidth <= page.clientWidth")


def test_choice_narrows_the_report_and_is_the_address(stack, new_page):
    page = new_page(viewport=WIDE)
    sign_in(stack, page)
    page.goto(f"{stack.url}/reports/?d=90")

    page.get_by_label("Channel").select_option("email")
    page.wait_for_url("**channel=email**")

    expect(page.get_by_label("Channel")).to_have_value("email")
    page.get_by_role("link", name="7 days").click()
    page.wait_for_url("**/reports/?d=7&channel=email")
    with page.expect_download() as download:
        page.goto(f"{stack.url}/reports/?d=365")
        page.locator("a[href*='/reports/agents.csv']").click()
    assert download.value.suggested_filename.startswith("agents-")


def test_report_needs_no_script(stack, new_page):
    page = new_page(viewport=WIDE, java_script_enabled=False)
    page.goto(f"{stack.url}/accounts/login/")
    page.locator("[name=login]").fill("owner@example.com")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.goto(f"{stack.url}/reports/?d=365")

    page.get_by_label("Channel").select_option("email")
    page.locator(".report-selects").get_by_role("button", name="Show").click()

    page.wait_for_url("**channel=email**")
    expect(page.get_by_label("Channel")).to_have_value("email")
