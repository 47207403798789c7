"""The secret for signed identities: made, shown once, changed and removed."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, sign_in, violations


@pytest.fixture(scope="module", autouse=True)
def demo(running_product):
    running_product.manage("seed_demo")


@pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)
def test_a_secret_from_the_first_to_the_last(stack, new_page, viewport, dark):
    page = new_page(viewport=viewport, dark=dark)
    sign_in(stack, page)
    page.goto(f"{stack.url}/settings/channels/")
    with page.expect_navigation():
        page.locator("#channel-web .rows__item a.btn").first.click()
    # The demo's website begins with one.
    if page.locator("summary", has_text="Remove").count():
        page.locator("summary", has_text="Remove").click()
        page.get_by_role("button", name="Remove the secret").click()
    page.get_by_role("button", name="Make a secret").click()
    secret = page.locator("#identity-secret")
    first = secret.inner_text()

    assert violations(page) == []
    page.get_by_text("Python").click()
    expect(page.locator("#sign-python")).to_be_visible()
    expect(page.locator("#sign-php")).to_be_hidden()

    page.reload()
    expect(page.get_by_text("There is a newer secret already.")).to_be_visible()
    expect(secret).to_have_count(0)

    page.locator("summary", has_text="New secret").click()
    question = page.get_by_role("button", name="Make a new secret")
    box = question.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport["width"]
    question.click()
    expect(secret).not_to_have_text(first)

    page.locator("summary", has_text="Remove").click()
    page.get_by_role("button", name="Remove the secret").click()
    expect(page.get_by_text("No secret yet")).to_be_visible()
