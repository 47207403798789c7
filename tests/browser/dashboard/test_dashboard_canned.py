"""Canned replies in the composer: keys, mouse, files, and who can read it all."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.conftest import SCREENSHOTS as SHOTS
from tests.browser.test_accessibility import WIDE, violations

REPLIES = """
from django.core.files.uploadedfile import SimpleUploadedFile
from conversations.models import CannedReply
agent = User.objects.get(pk=pk)
save = services.save_canned_reply
save(agent=agent, shortcut="thanks", title="Thanks", is_shared=True,
     text="Thank you, {visitor.first_name|there}!\\n{agent.first_name}")
save(agent=agent, shortcut="ship", text="It is on its way.")
save(agent=agent, shortcut="price", title="Price list", text="Here is the list.",
     uploads=[services.check_upload(SimpleUploadedFile("prices.txt", b"rye 3"))])
"""


@pytest.fixture
def opened(desk, seen):
    desk.shell.run(REPLIES, pk=desk.anna["pk"])
    desk.first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(desk.first)
    return anna


def text_of(page):
    return page.locator("#composer-text")


def names(page):
    return page.locator("#canned .canned__name b")


def test_slash_offers_and_keys_take(desk, opened):
    page, text = opened.page, text_of(opened.page)
    text.press_sequentially("Dear Katharina /")
    expect(names(page)).to_have_text(["/price", "/ship", "/thanks"])
    expect(text).to_have_attribute("role", "combobox")
    chosen = page.locator("#canned [aria-selected=true]")
    expect(chosen).to_contain_text("/price")

    text.press("ArrowDown")
    expect(chosen).to_contain_text("/ship")
    text.press("ArrowUp")
    text.press("ArrowUp")
    expect(chosen).to_contain_text("/thanks")
    expect(text).to_have_attribute(
        "aria-activedescendant", re.compile(chosen.get_attribute("id"))
    )
    expect(page.locator(".canned__text")).to_have_text("Thank you, Katharina!\nAnna")
    text.press("Enter")

    expect(text).to_have_value("Dear Katharina Thank you, Katharina!\nAnna")
    expect(page.locator("#canned")).to_be_hidden()
    expect(text).to_be_focused()
    assert text.get_attribute("role") is None
    text.press("Control+Enter")
    opened.messages("One", "Dear Katharina Thank you, Katharina!Anna")
    counted = "result = {r.shortcut: r.use_count for r in "
    counted += "Account.objects.get(pk=pk).canned_replies.all()}"
    uses = desk.shell.run(counted, pk=desk.account)
    assert uses == {"thanks": 1, "ship": 0, "price": 0}


def test_fast_fingers_get_what_they_typed(desk, opened):
    text = text_of(opened.page)
    text.press_sequentially("/shi")
    text.press("Tab")

    expect(text).to_have_value("It is on its way.")
    expect(text).to_be_focused()
    assert desk.texts(desk.first) == ["One"]


def test_escape_leaves_the_word_and_the_next_one_sends(desk, opened):
    page, text = opened.page, text_of(opened.page)
    text.press_sequentially("/sh")
    expect(names(page)).to_have_text(["/ship"])
    text.press("Escape")

    expect(page.locator("#canned")).to_be_hidden()
    expect(text).to_be_focused()
    text.press_sequentially("ip")
    page.wait_for_timeout(400)
    expect(page.locator("#canned")).to_be_hidden()
    text.press("Control+Enter")
    opened.messages("One", "/ship")


def test_what_only_looks_like_one_is_left_alone(desk, opened):
    page, text = opened.page, text_of(opened.page)
    for typed in ("and/ship", "https://ship", "/etc/ship", "/zzz"):
        text.fill("")
        text.press_sequentially(typed)
        page.wait_for_timeout(300)
        expect(page.locator("#canned")).to_be_hidden()

    text.press("Enter")
    expect(text).to_have_value("/zzz\n")


def test_enter_before_the_answer_is_an_enter_if_there_is_nothing_to_take(desk, opened):
    page, text = opened.page, text_of(opened.page)
    with page.expect_response("**/canned/**"):
        text.press_sequentially("/zzz")
        text.press("Enter")

    expect(text).to_have_value("/zzz\n")


def test_mouse_opens_takes_and_closes(desk, opened):
    page, text = opened.page, text_of(opened.page)
    button = page.locator("[data-canned]")
    text.fill("Hello")
    button.click()
    expect(names(page)).to_have_text(["/price", "/ship", "/thanks"])
    button.click()
    expect(page.locator("#canned")).to_be_hidden()
    expect(text).to_have_value("Hello")

    button.click()
    page.locator("#canned").get_by_text("/ship").click()

    expect(text).to_have_value("Hello It is on its way.")
    expect(button).to_have_attribute("aria-expanded", "false")


def test_files_of_a_reply_go_with_the_note(desk, opened, new_page):
    page, text = opened.page, text_of(opened.page)
    page.get_by_role("button", name="Private note").click()
    text.press_sequentially("/pri")
    expect(names(page)).to_have_text(["/price"])
    text.press("Enter")
    chips = page.locator(".composer__files .token")
    expect(chips).to_have_text(["prices.txt"])
    page.get_by_role("button", name="Remove prices.txt").click()
    expect(chips).to_have_count(0)

    text.fill("")
    text.press_sequentially("/pri")
    expect(names(page)).to_have_text(["/price"])
    text.press("Enter")
    expect(chips).to_have_text(["prices.txt"])
    page.get_by_role("button", name="Add note").click()

    expect(page.locator("#log > .msg").last).to_contain_text("prices.txt")
    expect(chips).to_have_count(0)
    found = "result = [(m.kind, a.name) for m in c.messages.all()"
    found += " for a in m.attachments.all()]"
    assert desk.on(desk.first, found) == [["note", "prices.txt"]]


def test_what_was_written_is_saved_as_a_reply(desk, opened):
    page, text = opened.page, text_of(opened.page)
    text.fill("We close at six.\nAnna")
    page.get_by_label("More ways to send").click()
    page.get_by_role("button", name="Save as canned reply").click()
    expect(page.locator("#id_text")).to_have_value("We close at six.\nAnna")
    page.locator("#id_shortcut").fill("closing")
    page.get_by_role("button", name="Save", exact=True).click()

    page.wait_for_url(re.compile(desk.first))
    expect(text).to_have_value("We close at six.\nAnna")
    text.fill("")
    text.press_sequentially("/clos")
    expect(names(page)).to_have_text(["/closing"])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_everybody_can_use_them(desk, viewport, dark):
    desk.shell.run(REPLIES, pk=desk.anna["pk"])
    id = desk.conversation("Katharina Vogt", "One")
    page = desk.sign_in(desk.anna, viewport=viewport, dark=dark)
    desk.open(page, f"/conversations/{id}/")
    page.locator("[data-canned]").click()
    expect(names(page)).to_have_text(["/price", "/ship", "/thanks"])
    box = page.locator("#canned").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= viewport["width"]
    page.screenshot(path=SHOTS / f"list-{viewport['width']}-{dark}.png")
    assert violations(page) == []

    for path, name in (("", "settings"), ("new/", "new")):
        page.goto(f"{desk.stack.url}/settings/canned-replies/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= viewport["width"]
        page.screenshot(path=SHOTS / f"{name}-{viewport['width']}-{dark}.png")
        assert violations(page) == []
