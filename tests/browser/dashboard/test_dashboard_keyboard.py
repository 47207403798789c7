"""The dashboard without a mouse, on a phone, and in two tabs."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE


@pytest.fixture
def three(desk, seen):
    """Anna, and three conversations of which the last is the newest."""
    desk.ids = [desk.conversation(name) for name in ("Ada", "Ben", "Cleo")]
    return seen(desk.sign_in(desk.anna))


def focused_row(page):
    return page.locator("#conv-list > .conv:has(:focus)")


def test_keys_move_open_and_answer(desk, three):
    page = three.page
    ada, ben, cleo = desk.ids

    page.keyboard.press("j")
    expect(focused_row(page)).to_have_attribute("data-id", cleo)
    page.keyboard.press("j")
    expect(focused_row(page)).to_have_attribute("data-id", ben)
    page.keyboard.press("End")
    expect(focused_row(page)).to_have_attribute("data-id", ada)
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#thread")).to_have_attribute("data-conversation", ben)

    page.keyboard.press("r")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.type("jkerne?")
    expect(page.locator("#composer-text")).to_have_value("jkerne?")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#composer")).to_have_class(re.compile("composer--note"))
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("e")

    three.rows(cleo, ada)


def test_focus_stays_on_its_row_while_rows_move(desk, three):
    page = three.page
    ada, ben, cleo = desk.ids
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(focused_row(page)).to_have_attribute("data-id", ben)

    desk.visitor_writes(ada, "First now")
    three.rows(ada, cleo, ben)
    expect(focused_row(page)).to_have_attribute("data-id", ben)
    desk.visitor_writes(ben, "And now I am")

    three.rows(ben, ada, cleo)
    expect(focused_row(page)).to_have_attribute("data-id", ben)
    assert page.locator("#conv-list .conv__link[tabindex='0']").count() == 1


def test_shortcuts_are_shown_and_closed(three):
    page = three.page

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_theme_is_kept(three):
    page = three.page
    page.locator("#me-menu summary").click()
    page.locator("#me-menu [data-theme-set=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_ctrl_click_opens_a_second_tab(desk, three):
    page = three.page
    link = three.row(desk.ids[0]).locator(".conv__link")

    with page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])

    expect(opened.value.locator("#thread")).to_have_attribute(
        "data-conversation", desk.ids[0]
    )
    expect(page.locator("#thread")).not_to_have_attribute(
        "data-conversation", desk.ids[0]
    )


def test_phone_shows_one_pane_and_goes_back(desk, seen):
    first = desk.conversation("Ada")
    page = desk.sign_in(desk.anna, viewport=PHONE)
    anna = seen(page)

    anna.open(first)
    expect(page.locator("#list")).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator("#visitor-card")).to_have_attribute("data-open", "")
    page.keyboard.press("Escape")
    expect(page.locator("#visitor-card")).not_to_have_attribute("data-open", "")
    page.go_back()

    expect(page.locator("#list")).to_be_visible()
    anna.rows(first)


def test_new_messages_below_do_not_move_what_is_read(desk, seen):
    first = desk.conversation("Ada", "Message 0")
    for number in range(1, 25):
        desk.visitor_writes(first, f"Message {number}\nof many")
    page = desk.sign_in(desk.anna, f"/conversations/{first}/")
    scroller = page.locator(".thread-scroll")
    scroller.evaluate("(box) => { box.scrollTop = -400; }")
    old = page.locator(".msg", has_text="Message 15")
    before = old.bounding_box()["y"]

    desk.visitor_writes(first, "The newest")

    pill = page.get_by_role("button", name="New messages")
    expect(pill).to_be_visible()
    assert abs(old.bounding_box()["y"] - before) < 2
    pill.click()
    expect(page.locator(".msg", has_text="The newest")).to_be_in_viewport()
    expect(pill).to_have_count(0)
    desk.visitor_writes(first, "Newer still")
    expect(page.locator(".msg", has_text="Newer still")).to_be_in_viewport()


def test_sound_is_heard_in_one_tab_for_what_nobody_looks_at(desk, three):
    ada, ben, _cleo = desk.ids
    first = three.page
    second = first.context.new_page()
    desk.open(second)
    listen = "document.addEventListener('desk:sound', () => { window.heard = 1 + (window.heard || 0); })"
    for page in (first, second):
        page.evaluate(listen)
        page.locator("h1").click(force=True)
    # Sounds need a gesture; the context starts in its own time.
    first.wait_for_timeout(300)

    desk.visitor_writes(ada, "Hello?")
    first.wait_for_timeout(1000)

    heard = "window.heard || 0"
    assert first.evaluate(heard) + second.evaluate(heard) == 1
    three.open(ben)
    desk.visitor_writes(ben, "Before your eyes")
    expect(first.locator("#log .bubble").last).to_have_text("Before your eyes")
    first.wait_for_timeout(600)
    assert first.evaluate(heard) + second.evaluate(heard) == 1
