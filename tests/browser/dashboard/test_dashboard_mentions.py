"""Naming a colleague in a note: keys, mouse, and who can read it all."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.conftest import SCREENSHOTS as SHOTS
from tests.browser.test_accessibility import WIDE, violations

MENTIONS = "result = [m.data.get('mentions') for m in c.messages.filter(kind='note')]"


@pytest.fixture
def opened(desk, seen):
    desk.first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(desk.first)
    anna.page.get_by_role("button", name="Private note").click()
    return anna


def text_of(page):
    return page.locator("#composer-text")


def names(page):
    return page.locator(".mentions__item")


def test_keys_choose_take_and_leave(desk, opened):
    page, text = opened.page, text_of(opened.page)
    text.press_sequentially("Ask @")
    expect(names(page)).to_have_text(["JAJonas Adler", "OOOlga Owner"])
    expect(text).to_have_attribute("role", "combobox")
    chosen = page.locator(".mentions__item[aria-selected=true]")
    expect(chosen).to_contain_text("Jonas")
    text.press("ArrowUp")
    expect(chosen).to_contain_text("Olga")
    expect(text).to_have_attribute(
        "aria-activedescendant", re.compile(chosen.get_attribute("id"))
    )
    text.press("Escape")
    expect(names(page)).to_have_count(0)
    expect(text).to_be_focused()
    assert text.get_attribute("role") is None

    # What was left stays left; another one begins anew, also by the family name.
    text.press_sequentially("x and @adl")
    expect(names(page)).to_have_text(["JAJonas Adler"])
    text.press("Enter")
    expect(text).to_have_value("Ask @x and @Jonas Adler ")
    expect(names(page)).to_have_count(0)

    text.press_sequentially("please")
    text.press("Control+Enter")
    opened.messages("One", "Ask @x and @Jonas Adler please")
    assert desk.on(desk.first, MENTIONS) == [[desk.jonas["pk"]]]


def test_mouse_takes_and_no_reply_offers(desk, opened):
    page, text = opened.page, text_of(opened.page)
    text.press_sequentially("mail@jonas, @jo")
    names(page).get_by_text("Jonas Adler").click()
    expect(text).to_have_value("mail@jonas, @Jonas Adler ")
    expect(text).to_be_focused()
    text.fill("")
    text.press_sequentially("mail@jo")
    page.wait_for_timeout(300)
    expect(names(page)).to_have_count(0)

    page.get_by_role("button", name="Reply", exact=True).click()
    text.press_sequentially("@jo")
    page.wait_for_timeout(300)
    expect(names(page)).to_have_count(0)


def test_names_are_asked_for_once_per_conversation(desk, opened):
    page, text = opened.page, text_of(opened.page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for _time in range(2):
        text.press_sequentially("@jonas ad")
        expect(names(page)).to_have_count(1)
        text.fill("")
        expect(names(page)).to_have_count(0)

    assert len([url for url in asked if url.endswith("/colleagues/")]) == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_everybody_can_use_them(desk, viewport, dark):
    id = desk.conversation("Katharina Vogt", "One")
    page = desk.sign_in(desk.anna, viewport=viewport, dark=dark)
    for path, field in (("", "#composer-text"), ("transfer/", "#id_note")):
        desk.open(page, f"/conversations/{id}/{path}")
        if not path:
            page.get_by_role("button", name="Private note").click()
        page.locator(field).press_sequentially("For @")
        expect(names(page)).to_have_count(2)
        box = page.locator(".mentions__list").bounding_box()
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]
        name = f"mentions-{field[1:]}-{viewport['width']}-{dark}.png"
        page.screenshot(path=SHOTS / name)
        assert violations(page) == []
        page.locator(field).press("Tab")
        expect(page.locator(field)).to_have_value("For @Jonas Adler ")
