"""What was missed, live: badge, filter and number; and names in notes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

MISS = """
from django.utils import timezone
services.mark_missed(conversation_id=c.pk, left_at=timezone.now())
"""
NOTE = """
agent = User.objects.get(pk=pk)
services.add_note(conversation_id=c.pk, agent=agent, text=text)
"""
BADGE = ".badge--red"


def in_menu(agent):
    """The filter's entry in the list's menu."""
    agent.page.locator("#list-menu > summary").click()
    return agent.page.locator("#list-menu a", has_text="Only missed")


def test_badge_comes_and_goes_everywhere_it_stands(desk, seen):
    first = desk.conversation("Sofia Lindqvist", assigned=[desk.jonas])
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    anna.open(first)
    places = [
        jonas.row(first).locator(BADGE),
        anna.row(first).locator(BADGE),
        anna.page.locator("#thread-head").locator(BADGE),
    ]
    for place in places:
        expect(place).to_have_count(0)
    expect(anna.row(first).locator(".badge--amber")).to_have_count(1)

    desk.on(first, MISS)

    for place in places:
        expect(place).to_have_text("Missed")
    expect(anna.row(first).locator(".badge--amber")).to_have_count(0)
    line = anna.page.locator("#log .event--missed")
    expect(line).to_contain_text(
        re.compile(r"the visitor left \(\d\d:\d\d\) before anybody replied")
    )
    expect(anna.row(first).locator(".conv__preview")).to_have_text(
        "Where is my parcel?"
    )
    for agent in (anna, jonas):
        agent.counts(missed=1)

    desk.agent_writes(first, desk.jonas, "Good morning!")

    for place in places:
        expect(place).to_have_count(0)
    for agent in (anna, jonas):
        agent.counts(missed=0)


def test_filter_follows_what_happens(desk, seen):
    first = desk.conversation("Sofia Lindqvist")
    second = desk.conversation("Oliver Whitcombe")
    anna = seen(desk.sign_in(desk.anna))
    in_menu(anna).click()
    expect(anna.page).to_have_url(re.compile(r"\?missed=1$"))
    expect(anna.page.locator("#list .empty")).to_contain_text("Nothing missed")
    expect(anna.page.locator("html[data-live]")).to_be_attached()

    desk.on(second, MISS)
    anna.rows(second)
    desk.on(first, MISS)
    anna.rows(second, first)
    desk.visitor_writes(first, "Hello?")
    anna.rows(first, second)
    third = desk.conversation("Emre Güneş")
    desk.agent_writes(second, desk.jonas, "Good morning!")

    anna.rows(first)
    anna.counts(missed=1, open=3)
    link = anna.row(first).locator(".conv__link")
    expect(link).to_have_attribute("href", f"/conversations/{first}/?missed=1")

    chips = anna.page.get_by_role("group", name="Active filters")
    chips.get_by_role("link", name="Remove filter: Only missed").click()

    expect(anna.page).to_have_url(desk.stack.url + "/")
    expect(anna.row(third)).to_be_visible()
    expect(chips).to_have_count(0)


def test_filter_works_for_resolved(desk, seen):
    first = desk.conversation("Sofia Lindqvist", assigned=[desk.jonas])
    second = desk.conversation("Oliver Whitcombe", assigned=[desk.jonas])
    desk.on(first, MISS)
    resolve = (
        "agent = User.objects.get(pk=pk)\n"
        "services.resolve_conversation(conversation_id=c.pk, agent=agent)"
    )
    desk.on(second, resolve, pk=desk.anna["pk"])
    anna = seen(desk.sign_in(desk.anna, "/?status=resolved"))
    anna.rows(second)
    anna.page.get_by_role("button", name="Advanced search").click()
    anna.page.get_by_label("Only missed").check()
    anna.page.get_by_role("button", name="Apply").click()
    expect(anna.page).to_have_url(re.compile(r"\?status=resolved&missed=1$"))
    expect(anna.page.locator("#list .empty")).to_contain_text("Nothing missed")
    expect(anna.page.locator("html[data-live]")).to_be_attached()

    desk.on(first, resolve, pk=desk.anna["pk"])

    anna.rows(first)
    expect(anna.row(first).locator(BADGE)).to_have_text("Missed")


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}])
def test_badge_fits_beside_long_names(desk, seen, viewport):
    name = "Annegret Freifrau von Westerholt-Gyldenbrandt zu Lohe"
    first = desk.conversation(name, group="wholesale", assigned=[desk.anna])
    desk.on(first, MISS)
    anna = seen(desk.sign_in(desk.anna, viewport=viewport))
    badge = anna.row(first).locator(BADGE)
    row = anna.row(first).bounding_box()
    box = badge.bounding_box()
    assert row["x"] <= box["x"]
    assert box["x"] + box["width"] <= row["x"] + row["width"]

    anna.open(first)

    head = anna.page.locator("#thread-head").locator(BADGE)
    expect(head).to_be_visible()
    title = anna.page.locator("#thread-head .pane__title").bounding_box()
    box = head.bounding_box()
    assert box["x"] + box["width"] <= title["x"] + title["width"] + 1
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert anna.page.evaluate(wide) is False


def test_own_name_in_a_note_stands_out_when_pushed_and_when_loaded(desk, seen):
    first = desk.conversation("Sofia Lindqvist")
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    for agent in (anna, jonas):
        agent.open(first)

    desk.on(first, NOTE, pk=desk.anna["pk"], text="@Jonas, do you know?")

    own = jonas.page.locator("#log .mention--me")
    expect(own).to_have_text("@Jonas")
    expect(anna.page.locator("#log .mention")).to_have_text("@Jonas")
    expect(anna.page.locator("#log .mention--me")).to_have_count(0)

    jonas.page.reload()

    expect(own).to_have_text("@Jonas")
