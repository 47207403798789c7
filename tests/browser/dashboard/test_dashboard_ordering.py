"""Rows selected by keyboard and mouse, snoozed and marked before the agent's eyes."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SCREENSHOTS
from tests.browser.test_accessibility import violations

NAMES = ["Theo Kranz", "Lena Voss", "Ida Brandt", "Ola Berg"]


@pytest.fixture
def threads(desk):
    """The last one is at the top of the list."""
    return {name: desk.conversation(name) for name in NAMES}


def row(page, id):
    return page.locator(f"#conv-{id}")


def selected(page):
    return page.locator("[data-pick]:checked")


def test_keys_select_and_resolve_and_undo_brings_back(desk, threads):
    page = desk.sign_in(desk.anna)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(selected(page)).to_have_count(2)
    expect(page.locator(".bulk__count")).to_have_text("2 selected")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "bulk.png")
    assert violations(page) == []
    page.locator("#bulk").get_by_role("button", name="Resolve").click()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(2)
    expect(page.locator("[data-count=all]")).to_have_text("2")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(4)
    expect(page.locator("#toasts")).to_contain_text("Undone for 2 conversations.")
    expect(page.locator("#bulk")).to_be_hidden()


def test_shift_selects_a_range_and_escape_clears(desk, threads):
    page = desk.sign_in(desk.anna)
    row(page, threads["Ola Berg"]).hover()
    row(page, threads["Ola Berg"]).locator("[data-pick]").click()
    row(page, threads["Lena Voss"]).locator("[data-pick]").click(modifiers=["Shift"])
    expect(selected(page)).to_have_count(3)
    page.locator("[data-pick-all]").click()
    expect(selected(page)).to_have_count(4)

    page.keyboard.press("Escape")

    expect(selected(page)).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()


def test_a_tap_on_the_picture_selects_on_a_phone(desk, threads):
    page = desk.sign_in(desk.anna, viewport=PHONE, has_touch=True, is_mobile=True)
    first, second = row(page, threads["Ola Berg"]), row(page, threads["Ida Brandt"])

    first.locator(".conv__pick").tap()
    second.locator(".conv__pick").tap()

    expect(selected(page)).to_have_count(2)
    assert page.url.endswith("/")
    page.locator("#bulk-more > summary").tap()
    panel = page.locator("#bulk-more > .menu__panel").bounding_box()
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= PHONE["width"]
    page.locator("#bulk-more > summary").tap()
    page.locator("#bulk").get_by_role("button", name="Resolve").tap()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(2)
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(4)


@pytest.mark.parametrize("menu", ["#more-actions", "#assignee"])
@pytest.mark.parametrize(
    "viewport", [PHONE, {"width": 800, "height": 400}], ids=["phone", "low"]
)
def test_menus_of_the_head_stay_within_the_window(desk, threads, menu, viewport):
    id = threads["Theo Kranz"]
    page = desk.sign_in(desk.anna, f"/conversations/{id}/", viewport=viewport)

    page.locator(f"{menu} > summary").click()

    panel = page.locator(f"{menu} > .menu__panel")
    box = panel.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport["width"]
    assert box["y"] + box["height"] <= viewport["height"]
    assert panel.evaluate("menu => menu.scrollWidth <= menu.clientWidth")


def test_what_is_refused_stays_selected(desk):
    ids = [
        desk.conversation(name, group="repairs", assigned=[desk.anna])
        for name in ("Theo Kranz", "Lena Voss")
    ]
    page = desk.sign_in(desk.jonas)
    for id in ids:
        row(page, id).hover()
        row(page, id).locator("[data-pick]").click()

    page.locator("#bulk").get_by_role("button", name="Resolve").click()

    expect(page.locator("#toasts")).to_contain_text("2 left out: Only assigned agents")
    expect(selected(page)).to_have_count(2)
    page.locator("#bulk-more > summary").click()
    page.get_by_role("button", name="Mark as unread").click()
    expect(page.locator("#toasts")).to_contain_text("2 conversations marked.")
    expect(selected(page)).to_have_count(0)


def test_no_more_are_selected_than_the_desk_takes(desk, threads):
    page = desk.sign_in(desk.anna)
    page.locator("#bulk").evaluate("bulk => { bulk.dataset.max = 3; }")
    row(page, threads["Ola Berg"]).hover()
    row(page, threads["Ola Berg"]).locator("[data-pick]").click()

    page.locator("[data-pick-all]").click()

    expect(page.locator("#toasts")).to_contain_text("At most 3 conversations at once.")
    expect(selected(page)).to_have_count(3)
    row(page, threads["Ola Berg"]).locator("[data-pick]").click()
    expect(selected(page)).to_have_count(2)


def test_a_selection_survives_what_happens_meanwhile(desk, threads):
    page = desk.sign_in(desk.anna)
    row(page, threads["Lena Voss"]).hover()
    row(page, threads["Lena Voss"]).locator("[data-pick]").click()
    row(page, threads["Ida Brandt"]).locator("[data-pick]").click()

    desk.visitor_writes(threads["Lena Voss"], "Are you there?")
    expect(row(page, threads["Lena Voss"])).to_contain_text("Are you there?")
    expect(selected(page)).to_have_count(2)
    desk.on(
        threads["Ida Brandt"],
        "services.resolve_conversation("
        "conversation_id=c.pk, agent=User.objects.get(pk=agent))",
        agent=desk.anna["pk"],
    )

    expect(selected(page)).to_have_count(1)
    expect(page.locator(".bulk__count")).to_have_text("1 selected")


def test_snoozed_it_leaves_the_list_and_comes_back_with_a_message(desk, threads):
    id = threads["Theo Kranz"]
    page = desk.sign_in(desk.anna, f"/conversations/{id}/")
    page.locator("#more-actions > summary").click()
    page.screenshot(path=SCREENSHOTS / "head-menu.png")
    assert violations(page) == []
    page.get_by_role("button", name="Tomorrow").click()
    expect(row(page, id)).to_have_count(0)
    expect(page.locator("[data-count=all]")).to_have_text("3")
    expect(page.locator("#log")).to_contain_text("snoozed the conversation until")

    desk.visitor_writes(id, "Hello again")

    expect(page.locator("#conv-list > .conv[id]").first).to_contain_text("Hello again")
    expect(page.locator("[data-count=all]")).to_have_text("4")
    expect(page.locator("#log")).to_contain_text("Back from snooze: the visitor wrote")


def test_what_becomes_urgent_rises_at_once(desk, threads):
    page = desk.sign_in(desk.anna, "/?sort=priority")
    id = threads["Theo Kranz"]
    expect(page.locator("#conv-list > .conv[id]").last).to_contain_text("Theo Kranz")

    desk.on(
        id,
        "services.change_priority("
        "conversation_id=c.pk, priority=2, by=User.objects.get(pk=agent))",
        agent=desk.anna["pk"],
    )

    first = page.locator("#conv-list > .conv[id]").first
    expect(first).to_contain_text("Theo Kranz")
    expect(first).to_contain_text("Priority: Urgent")
    page.screenshot(path=SCREENSHOTS / "priority.png")
