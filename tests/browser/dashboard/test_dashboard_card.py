"""The visitor card while others change what it shows."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, ROUTED

CONTACT = """
from visitors.models import Source
from visitors.services import update_contact
update_contact(visitor=c.visitor, source=Source(source), **fields)
"""
NOTE = """
from visitors.services import read_note, save_note
agent = User.objects.get(pk=pk)
version = read_note(c.visitor).version
save_note(visitor=c.visitor, agent=agent, text=text, version=version)
"""
PAGES = """
from django.utils import timezone
from visitors.services import Browser, SeenPage, record_pages
for title in titles:
    page = SeenPage(f"https://shop.example.com/{title}", title, timezone.now())
    record_pages(visitor=c.visitor, pages=[page], browser=Browser(ip="194.25.0.7"))
"""
CUSTOMER = """
from visitors.models import CustomerInformation
from django.utils import timezone
CustomerInformation.objects.create(
    visitor=c.visitor, source="api", items=items, changed_at=timezone.now())
"""
EARLIER = """
other = make.make_conversation(c.account, visitor=c.visitor, text=text)
services.resolve_conversation(conversation_id=other.pk, agent=User.objects.get(pk=pk))
result = str(other.public_id)
"""


@pytest.fixture
def opened(desk):
    """Pages of both agents with the same conversation open."""

    def open_(id, *agents, **options):
        pages = []
        for agent in agents:
            page = desk.sign_in(agent, f"/conversations/{id}/", **options)
            expect(page.locator("#visitor-history summary").first).to_be_visible()
            pages.append(page)
        return pages

    return open_


def test_edit_of_a_colleague_is_there_at_once_and_stands_in_the_thread(desk, opened):
    id = desk.conversation("Katharina Vogt")
    anna, jonas = opened(id, desk.anna, desk.jonas)

    anna.locator("#visitor-phone").fill("0341 555 0148")
    anna.locator("#visitor-phone").press("Tab")

    expect(anna.locator("#visitor-edit-phone .state--ok")).to_be_visible()
    for page in (anna, jonas):
        expect(page.locator("#visitor-phone")).to_have_value("+49 341 5550148")
        expect(page.locator("#log > .event").last).to_contain_text("Anna Berger")
    call = jonas.locator("#visitor-edit-phone .edit__call")
    expect(call).to_have_attribute("href", "tel:+49-341-5550148")
    expect(anna.locator("#visitor-edit-phone .state--ok")).to_have_count(0)
    expect(anna.locator("#visitor-edit-phone [data-copy]")).to_be_visible()


def test_name_from_a_form_reaches_every_place_and_no_event_line(desk, opened):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)
    lines = page.locator("#log > .event").count()

    desk.on(id, CONTACT, source="form", fields={"name": "Kat $& <b>"})

    expect(page.locator("#visitor-name")).to_have_value("Kat $& <b>")
    expect(page.locator("#thread-title")).to_have_text("Kat $& <b>")
    expect(page).to_have_title(re.compile(re.escape("Kat $& <b>")))
    expect(page.locator(f"#conv-{id} .conv__name")).to_have_text("Kat $& <b>")
    expect(page.locator("#log > .event")).to_have_count(lines)


def test_new_name_stands_on_what_the_thread_showed_already(desk, opened):
    id = desk.conversation("Anna Vogt")
    anna, jonas = opened(id, desk.anna, desk.jonas)
    jonas.locator("#composer button[data-mode=note]").click()

    anna.locator("#visitor-name").fill("Dr. Bea $& Kern")
    anna.locator("#visitor-name").press("Enter")

    for page in (anna, jonas):
        message = page.locator("#log > .msg--visitor")
        expect(message.locator(".msg__meta b")).to_have_text("Dr. Bea $& Kern")
        expect(message.locator(".avatar")).to_have_text("DK")
        expect(page.locator("#typing .msg__meta")).to_have_text("Bea is typing")
        expect(page.get_by_role("log")).to_have_accessible_name(
            "Conversation with Dr. Bea $& Kern"
        )
    text = anna.locator("#composer-text")
    expect(text).to_have_attribute("placeholder", "Write to Bea")
    text = jonas.locator("#composer-text")
    expect(text).not_to_have_attribute("placeholder", "Write to Bea")
    jonas.locator("#composer button[data-mode=reply]").click()
    expect(text).to_have_attribute("placeholder", "Write to Bea")


@pytest.mark.parametrize("key", ["Enter", "Shift+Enter"])
def test_name_is_saved_by_the_key_that_begins_a_line(desk, opened, key):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)
    field = page.locator("#visitor-name")

    field.fill("Katharina\nVogt-Lang")
    expect(field).to_have_value("Katharina Vogt-Lang")
    field.press(key)

    expect(page.locator("#visitor-edit-name .state--ok")).to_be_visible()
    expect(field).to_have_value("Katharina Vogt-Lang")
    expect(field).to_be_focused()
    assert desk.on(id, "result = c.visitor.name") == "Katharina Vogt-Lang"


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}])
def test_longest_name_leaves_room_for_the_rest(desk, viewport):
    id = desk.conversation("W" * 255)
    desk.on(id, CONTACT, source="page", fields={"name": "M" * 255})
    page = desk.sign_in(desk.anna, f"/conversations/{id}/", viewport=viewport)
    expect(page.locator("#composer-text")).to_have_css("height", "48px")
    meta = page.locator("#log > .msg .msg__meta").bounding_box()
    body = page.locator("#log > .msg .msg__body").bounding_box()
    assert meta["x"] + meta["width"] <= body["x"] + body["width"]

    if viewport is PHONE:
        page.locator("[data-drawer-open]:visible").first.click()

    name = page.locator("#visitor-name")
    expect(name).to_have_value(re.compile("^[MW]{255}$"))
    expect(name).to_have_attribute("title", name.input_value())
    assert page.locator("#visitor-head").bounding_box()["height"] < 200
    history = page.locator("#visitor-history summary").first
    history.scroll_into_view_if_needed()
    expect(history).to_be_in_viewport()


def test_field_that_is_being_written_in_is_not_replaced(desk, opened):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)
    field = page.locator("#visitor-email")
    field.fill("k.vo")

    desk.on(id, CONTACT, source="form", fields={"email": "new@example.net"})

    expect(page.locator("#visitor-edit-email .edit__news")).to_have_text(
        "Changed meanwhile: new@example.net"
    )
    expect(field).to_have_value("k.vo")
    expect(field).to_be_focused()

    field.fill("")
    field.blur()

    expect(field).to_have_value("new@example.net")
    expect(page.locator(".edit__news")).to_have_count(0)


def test_note_that_is_being_written_is_not_replaced(desk, opened, new_page):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)
    field = page.locator("#visitor-note-text")
    field.press_sequentially("Calls ba")

    desk.on(id, NOTE, pk=desk.jonas["pk"], text="From Jonas")

    expect(page.locator("#visitor-note .edit__news")).to_be_visible()
    expect(field).to_have_value("Calls ba")

    new_page.forgive("409")
    field.blur()

    expect(page.locator("#visitor-note-stored")).to_have_text("From Jonas")
    expect(field).to_have_value("Calls ba")


def test_tab_out_of_a_note_in_conflict_leads_to_the_answer(desk, opened, new_page):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)
    field = page.locator("#visitor-note-text")
    field.press_sequentially("Calls back")
    desk.on(id, NOTE, pk=desk.jonas["pk"], text="From Jonas")
    expect(page.locator("#visitor-note .edit__news")).to_be_visible()
    new_page.forgive("409")

    field.press("Tab")

    expect(page.locator("#visitor-note-stored")).to_be_visible()
    expect(field).to_be_focused()

    field.press("Tab")

    replace = page.get_by_role("button", name="Replace with my text")
    expect(replace).to_be_focused()
    replace.press("Enter")
    expect(page.locator("#visitor-note-stored")).to_have_count(0)
    expect(field).to_have_value("Calls back")


def test_pages_of_the_visitor_arrive_while_an_agent_looks(desk, opened):
    id = desk.conversation("Katharina Vogt")
    (page,) = opened(id, desk.anna)

    desk.on(id, PAGES, titles=["Home", "Mill"])

    first = page.locator("#visitor-history .trail li").first
    expect(first.locator("a")).to_have_text("Mill")
    expect(page.locator("#visitor-presence")).to_contain_text("first visit")
    expect(page.locator("#visitor-facts")).to_contain_text("Germany")


def test_section_fails_alone_and_can_be_tried_again(desk, seen, new_page):
    id = desk.conversation("Katharina Vogt")
    page = desk.sign_in(desk.anna, **ROUTED)
    new_page.forgive("500")
    page.context.route("**/visitor/customer/", lambda route: route.fulfill(status=500))

    seen(page).open(id)

    failed = page.locator("#visitor-customer .card-failed")
    expect(failed).to_contain_text("Could not be loaded.")
    expect(page.locator(".card-failed")).to_have_count(1)
    expect(page.locator("#visitor-note-text")).to_be_visible()
    expect(page.locator("#visitor-history summary")).to_be_visible()
    expect(page.locator("#toasts .toast--error")).to_have_count(0)

    page.context.unroute("**/visitor/customer/")
    desk.on(id, CUSTOMER, items=[{"key": "no", "label": "", "value": "K-10482"}])
    failed.get_by_role("link", name="Try again").click()

    expect(page.locator("#visitor-customer")).to_contain_text("K-10482")
    expect(page.locator(".card-failed")).to_have_count(0)


def test_refresh_that_fails_keeps_what_was_there(desk, opened, new_page):
    id = desk.conversation("Katharina Vogt")
    desk.on(id, PAGES, titles=["Home"])
    (page,) = opened(id, desk.anna, **ROUTED)
    new_page.forgive("500")
    page.route("**/visitor/history/*", lambda route: route.fulfill(status=500))

    desk.on(id, PAGES, titles=["Mill"])

    expect(page.locator("#visitor-history .card-failed")).to_be_visible()
    expect(page.locator("#visitor-history .trail")).to_contain_text("Home")


def test_previous_conversation_opens_and_the_card_stays(desk, opened):
    id = desk.conversation("Katharina Vogt")
    other = desk.on(id, EARLIER, text="The first one", pk=desk.anna["pk"])
    desk.visitor_writes(id, "Still there?")
    (page,) = opened(id, desk.anna)
    page.evaluate("document.querySelector('#visitor-head').dataset.mark = 'same'")
    link = page.locator(f"#visitor-conversations [data-other='{other}']")

    link.click()

    expect(page.locator("#log > .msg").last).to_contain_text("The first one")
    expect(page.locator("#visitor-head")).to_have_attribute("data-mark", "same")
    expect(link).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(other))
    page.locator("#visitor-phone").fill("0341 555 0148")
    page.locator("#visitor-phone").press("Tab")
    expect(page.locator("#log > .event").last).to_contain_text("Anna Berger")

    page.locator(f"#visitor-conversations [data-other='{id}']").click()

    expect(page.locator("#log > .msg").last).to_contain_text("Still there?")
    expect(link).not_to_have_attribute("aria-current", "true")


def test_earlier_visit_loads_its_pages_when_it_is_opened(desk, opened):
    id = desk.conversation("Katharina Vogt")
    desk.on(id, PAGES, titles=["Long ago"])
    desk.on(
        id,
        "from datetime import timedelta; from django.db.models import F;"
        "day = timedelta(days=1);"
        "c.visitor.visits.update(started_at=F('started_at') - day,"
        " last_seen_at=F('last_seen_at') - day)",
    )
    desk.on(id, PAGES, titles=["Now"])
    (page,) = opened(id, desk.anna)

    page.locator("#visitor-visits > summary").click()
    page.locator(".visit > summary").click()

    expect(page.locator(".visit .trail")).to_contain_text("Long ago")

    desk.on(id, PAGES, titles=["Later"])

    expect(page.locator("#visitor-history .trail li").first).to_contain_text("Later")
    expect(page.locator(".visit .trail")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1024, "height": 768}])
def test_drawer_holds_the_focus_and_the_back_button_closes_it(desk, viewport):
    id = desk.conversation("Katharina Vogt")
    page = desk.sign_in(desk.anna, f"/conversations/{id}/", viewport=viewport)
    opener = page.locator("[data-drawer-open]:visible").first
    card = page.locator("#visitor-card")

    opener.click()
    expect(card.locator("[data-drawer-close]")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.querySelector('#visitor-card').contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(card).not_to_be_visible()
    expect(opener).to_be_focused()

    opener.click()
    expect(card).to_be_in_viewport()
    page.go_back()

    expect(card).not_to_be_visible()
    expect(page.locator("#thread-title")).to_have_text("Katharina Vogt")
    expect(page).to_have_url(re.compile(id))
    assert page.locator("[inert]").count() == 0
