"""What people see can be used by everybody: axe-core finds nothing, WCAG 2.2 A and AA."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RUN = """async () => {
  const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const found = await axe.run(document, { runOnly: { type: 'tag', values } });
  return {
    passes: found.passes.length,
    violations: found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`)),
  };
}"""
WIDE = {"width": 1440, "height": 900}
PASSWORD = "demo-desk"


def violations(page):
    # With its styles: before, everything is small and without contrast.
    page.wait_for_load_state()
    # Evaluated by the debugger: the pages' content security policy allows no script.
    page.evaluate(AXE)
    found = page.evaluate(RUN)
    assert found["passes"] > 10
    return found["violations"]


def sign_in(stack, page, email="owner@example.com"):
    page.goto(f"{stack.url}/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("html[data-live]")).to_be_attached()


@pytest.fixture(scope="module", autouse=True)
def demo(running_product):
    running_product.manage("seed_demo")


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def viewport(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def page(new_page, viewport, request):
    return new_page(viewport=viewport, dark=request.param)


def test_sign_in(stack, page):
    page.goto(f"{stack.url}/accounts/login/")

    assert violations(page) == []


def test_desk(stack, page):
    sign_in(stack, page)
    assert violations(page) == []

    page.locator("#conv-list .conv__link", has_text="Katharina Vogt").first.click()
    expect(page.locator("#log > .msg .bubble").last).to_be_visible()
    assert violations(page) == []

    conversation = page.url.partition("?")[0].removeprefix(stack.url)
    page.locator("[data-drawer-open]:visible, #visitor-menu").first.click()
    page.locator("#visitor-menu").evaluate("menu => (menu.open = true)")
    assert violations(page) == []
    for path in (
        *("/?status=resolved", "/profile/", "/settings/", "/settings/api/"),
        "/settings/blocked/",
        *(f"{conversation}visitor/{name}/" for name in ("block", "merge", "erase")),
    ):
        page.goto(stack.url + path)
        assert violations(page) == []


def test_live_visitors(stack, page):
    sign_in(stack, page)
    page.goto(f"{stack.url}/visitors/")
    expect(page.locator("#live-visitors tbody tr").first).to_be_visible()
    assert violations(page) == []

    page.get_by_role("link", name="Start conversation").first.click()
    expect(page.get_by_label("Your message")).to_be_focused()
    assert violations(page) == []


def test_chat(stack, page, new_page):
    # Somebody is there, so the chat is open to write in.
    sign_in(stack, new_page())
    page.goto(f"{stack.url}/demo/")
    page.get_by_role("button", name="Open chat").click()
    page.get_by_role("textbox", name="Write a message").fill("Good morning")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("support-widget .w-msg--me")).to_be_visible()

    assert violations(page) == []
