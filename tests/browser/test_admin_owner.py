"""An owner in the admin: looks around, invites somebody, and switches them off."""

import re
import time
from email import message_from_string, policy

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, sign_in, violations

NEW_PASSWORD = "nine lives of a cat"
SECTIONS = [
    "accounts/user",
    "accounts/invitation",
    "accounts/agentgroup",
    "accounts/account",
    "accounts/apitoken",
    "conversations/channel",
    "conversations/tag",
    "conversations/cannedreply",
]


@pytest.fixture(scope="module", autouse=True)
def demo(running_product):
    running_product.manage("seed_demo")


def link_in_mail(stack, address):
    """The worker writes mails into files; a loaded machine takes its time."""
    for _ in range(100):
        for path in sorted((stack.directory / "mail").glob("*")):
            if f"To: {address}" in path.read_text():
                mail = message_from_string(path.read_text(), policy=policy.default)
                text = mail.get_body(("plain",)).get_content()
                return re.search(r"http\S+/accounts/invitation/\S+", text)[0]
        time.sleep(0.2)
    raise AssertionError(f"no mail to {address}")


@pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)
def test_every_section_is_for_everybody(stack, new_page, viewport, dark):
    page = new_page(viewport=viewport, dark=dark)
    sign_in(stack, page)
    page.goto(f"{stack.url}/settings/channels/")
    page.get_by_role("link", name="Agents and roles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents and roles")

    for section in SECTIONS:
        page.goto(f"{stack.url}/admin/{section}/")
        expect(page.locator("#changelist")).to_be_visible()
        assert violations(page) == [], section
        assert (
            page.evaluate("document.documentElement.scrollWidth") <= (viewport["width"])
        ), section
    page.goto(f"{stack.url}/admin/accounts/invitation/add/")
    assert violations(page) == []


def test_choosing_rows_and_the_menu_of_a_row(stack, new_page):
    page = new_page()
    sign_in(stack, page)
    page.goto(f"{stack.url}/admin/accounts/user/")
    rows = page.locator("#result_list tbody tr")

    page.get_by_label("Select all").check()
    expect(page.locator(".table-foot")).to_contain_text(f"{rows.count()} selected")
    rows.first.get_by_role("checkbox").uncheck()
    expect(page.get_by_label("Select all")).not_to_be_checked()

    menu = rows.last.locator("details")
    menu.locator("summary").click()
    last = menu.locator(".menu__item").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    point = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    on_top = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y)?.closest('.menu__item') !== null",
        point,
    )
    assert on_top, "the menu is cut off"


def test_from_the_invitation_to_being_switched_off(stack, new_page):
    owner = new_page()
    sign_in(stack, owner)
    owner.goto(f"{stack.url}/admin/accounts/user/")
    owner.get_by_role("link", name="Invite agent").click()
    owner.get_by_label("E-mail address").fill("Lena.Voss@example.com")
    owner.get_by_label("Wholesale").check()
    owner.get_by_label("Language").select_option("en")
    owner.get_by_role("button", name="Save").click()
    expect(owner.locator("#toasts")).to_contain_text("lena.voss@example.com")
    row = owner.locator("#result_list tbody tr", has_text="lena.voss@example.com")
    expect(row).to_contain_text("Invited")

    lena = new_page()
    lena.goto(link_in_mail(stack, "lena.voss@example.com"))
    assert violations(lena) == []
    lena.get_by_label("Your name").fill("Lena Voss")
    lena.locator("[name=password1]").fill(NEW_PASSWORD)
    lena.locator("[name=password2]").fill(NEW_PASSWORD)
    lena.get_by_role("button", name="Accept the invitation").click()
    expect(lena.get_by_text("Welcome! Sign in")).to_be_visible()
    lena.locator("[name=login]").fill("lena.voss@example.com")
    lena.locator("[name=password]").fill(NEW_PASSWORD)
    lena.locator("[name=password]").press("Enter")
    expect(lena.locator("html[data-live]")).to_be_attached()

    owner.goto(f"{stack.url}/admin/accounts/user/?q=lena")
    person = owner.locator("#result_list tbody tr", has_text="Lena Voss")
    expect(person).to_contain_text("Wholesale")
    person.locator("summary").click()
    with owner.expect_navigation():
        person.get_by_role("link", name="Switch off").click()
    assert violations(owner) == []
    owner.get_by_label("Open conversations go to").select_option(label="Anna Berger")
    owner.get_by_role("button", name="Switch off").click()

    expect(person).to_contain_text("Switched off")
    # Her open page is sent away at once, without being touched.
    expect(lena).to_have_url(re.compile("/accounts/login/"))
