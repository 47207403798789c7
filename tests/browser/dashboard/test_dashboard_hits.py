"""A thread opened from a search: it begins at the newest hit, and keys lead on."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SCREENSHOTS
from tests.browser.test_accessibility import violations

WIDE = {"width": 1440, "height": 900}
MIDDLE = {"width": 1024, "height": 768}

WRITE = """
anna = User.objects.get(pk=anna)
for number in range(2, 161):
    text = "Could this be goodwill?" if number in (30, 60, 62) else f"Message {number}"
    if number % 3:
        make.visitor_writes(c, text)
    else:
        services.post_agent_message(conversation_id=c.pk, agent=anna, text=text)
from django.utils import timezone
services.update_documents(now=timezone.now())
"""


@pytest.fixture
def long(desk):
    """A thread of four pages, with hits on the first two of them."""
    id = desk.conversation("Theo Kranz", "Good morning")
    desk.on(id, WRITE, anna=desk.anna["pk"])
    return id


def bar(page):
    return page.locator("#hits .hits__number")


def middle_of(page, locator):
    """How far from the middle of the thread, as a share of its height."""
    box = page.locator(".thread-scroll").bounding_box()
    hit = locator.bounding_box()
    middle = box["y"] + box["height"] / 2
    return abs(hit["y"] + hit["height"] / 2 - middle) / box["height"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, MIDDLE, PHONE], ids=["1440", "1024", "390"])
def test_hits_of_a_search_are_shown_one_after_another(desk, long, viewport, dark):
    page = desk.sign_in(desk.anna, "/?q=goodwill", viewport=viewport, dark=dark)

    page.locator(f"#conv-{long} .conv__link").click()

    expect(bar(page)).to_have_text("3 of 3")
    hit = page.locator(".msg:has(#hit) .bubble")
    expect(hit.locator("mark")).to_have_text("goodwill")
    assert middle_of(page, hit) < 0.25
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = f"hits-{viewport['width']}-{'dark' if dark else 'light'}"
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    assert violations(page) == []
    expect(page.locator("#hit-newer[href]")).to_have_count(0)

    page.keyboard.press(".")
    page.keyboard.press(",")
    expect(bar(page)).to_have_text("2 of 3")
    page.locator("#hit-older").click()
    expect(bar(page)).to_have_text("1 of 3")
    assert middle_of(page, page.locator(".msg:has(#hit) .bubble")) < 0.25
    expect(page).to_have_url(re.compile(r"\?q=goodwill&hit=3\d$"))
    page.keyboard.press(".")
    expect(bar(page)).to_have_text("2 of 3")

    page.go_back()
    expect(bar(page)).to_have_text("1 of 3")


def test_what_is_new_waits_at_the_end_of_the_thread(desk, long):
    page = desk.sign_in(desk.anna, f"/conversations/{long}/?q=goodwill")
    expect(bar(page)).to_have_text("3 of 3")
    shown = page.locator("#log > [data-seq]").count()

    desk.visitor_writes(long, "Anybody there?")
    expect(page.locator(f"#conv-{long} .conv__preview")).to_contain_text("Anybody")
    assert page.locator("#log > [data-seq]").count() == shown

    page.locator("#newest").click()
    expect(page.locator("#log")).to_contain_text("Anybody there?")
    expect(bar(page)).to_have_text("3 hits")
    expect(page.locator("#newest")).to_have_count(0)


def test_who_answers_from_a_hit_sees_the_answer(desk, long):
    page = desk.sign_in(desk.anna, f"/conversations/{long}/?q=goodwill")
    expect(bar(page)).to_have_text("3 of 3")

    page.locator("#composer textarea").fill("We can do that.")
    page.locator("#composer textarea").press("Control+Enter")

    expect(page.locator("#log > .msg").last).to_contain_text("We can do that.")
    expect(page.locator("#newest")).to_have_count(0)


def test_hits_lead_on_without_script(desk, long):
    page = desk.sign_in(desk.anna)
    cookies = page.context.cookies()
    context = page.context.browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{desk.stack.url}/conversations/{long}/?q=goodwill#hit")
    expect(bar(plain)).to_have_text("3 of 3")

    plain.locator("#hit-older").click()

    expect(bar(plain)).to_have_text("2 of 3")
    expect(plain.locator(".msg:has(#hit) mark")).to_be_in_viewport()
    context.close()
