"""Groups in the settings, conversations that the desk gives out, and transfers."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, violations


def test_desk_gives_a_conversation_to_who_comes_online(desk, seen):
    anna = desk.sign_in(desk.anna, "/settings/groups/")
    anna.locator(".rows__item", has_text="Repairs").get_by_role(
        "link", name="Edit"
    ).click()
    expect(anna.get_by_label("Jonas Adler")).to_be_checked()
    anna.get_by_role("combobox", name="Automatic assignment").select_option(
        "round_robin"
    )
    anna.get_by_label("Open conversations of an agent at most").fill("1")
    anna.get_by_role("button", name="Save").click()
    expect(anna.locator("#toasts")).to_contain_text("The group is saved.")
    # Anna is in no group and there, so the first is hers, and she has no room then.
    first = desk.conversation("Katharina Vogt", group="repairs")
    second = desk.conversation("Emre Güneş", group="repairs")
    watching = seen(desk.sign_in(desk.anna))
    watching.open(first)
    log = watching.page.locator("#log")
    expect(log).to_contain_text("Assigned automatically to Anna Berger", timeout=20_000)

    jonas = seen(desk.sign_in(desk.jonas))

    jonas.open(second)
    expect(jonas.page.locator("#log")).to_contain_text(
        "Assigned automatically to Jonas Adler", timeout=40_000
    )
    expect(jonas.page.locator("#assignee summary")).to_contain_text("Jonas")


@pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)
def test_group_is_made_changed_and_deleted(desk, new_page, viewport, dark):
    new_page.forgive("422")
    anna = desk.sign_in(desk.anna, "/settings/groups/", viewport=viewport, dark=dark)
    assert violations(anna) == []
    anna.get_by_role("link", name="Add group").click()
    anna.get_by_label("Name").fill("Spare parts")
    anna.get_by_label("Open conversations of an agent at most").fill("0")
    anna.get_by_role("button", name="Add group").click()
    expect(anna.get_by_role("alert")).to_contain_text("Nothing was saved.")
    assert violations(anna) == []
    anna.get_by_label("Open conversations of an agent at most").fill("4")
    anna.get_by_label("Jonas Adler").check()
    anna.get_by_role("button", name="Add group").click()

    row = anna.locator(".rows__item", has_text="Spare parts")
    expect(row).to_contain_text("Jonas Adler")
    row.get_by_role("link", name="Edit").click()
    expect(anna.locator("#snippet")).to_have_text(
        "supportdesk('group', 'spare-parts');"
    )
    assert violations(anna) == []
    width = anna.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport["width"]
    anna.locator("summary", has_text="Delete…").click()
    anna.get_by_role("button", name="Delete the group").click()
    expect(anna.locator("#toasts")).to_contain_text("“Spare parts” is deleted.")
    expect(row).to_have_count(0)


def test_transfer_with_a_note_takes_it_off_one_screen_and_onto_another(
    desk, seen, new_page
):
    new_page.forgive("422")
    id = desk.conversation("Katharina Vogt", group="wholesale", assigned=[desk.anna])
    jonas = seen(desk.sign_in(desk.jonas))
    jonas.rows()
    anna = desk.sign_in(desk.anna, f"/conversations/{id}/")
    anna.locator("#assignee summary").click()
    anna.locator("#assignee").get_by_text("Transfer…").click()
    anna.wait_for_url("**/transfer/")
    assert violations(anna) == []

    anna.get_by_label("Jonas Adler").check()
    anna.get_by_label("Note for colleagues").fill("@Jonas Adler the hopper cracked")
    anna.get_by_role("button", name="Transfer").click()

    expect(anna).to_have_url(re.compile(id))
    log = anna.locator("#log")
    expect(log).to_contain_text("Anna Berger transferred the conversation to Jonas")
    expect(log).to_contain_text("the hopper cracked")
    expect(log).to_contain_text("Anna Berger left the conversation")
    jonas.rows(id)
    jonas.open(id)
    expect(jonas.page.locator("#log .mention--me")).to_have_text("@Jonas Adler")

    # He hands it back without script.
    context = jonas.page.context
    plain = desk.new_page(
        java_script_enabled=False, storage_state=context.storage_state()
    )
    plain.goto(f"{desk.stack.url}/conversations/{id}/transfer/")
    plain.get_by_role("button", name="Transfer").click()
    expect(plain.get_by_role("alert")).to_contain_text("Choose a colleague or a group")
    plain.get_by_label("Anna Berger").check()
    plain.get_by_role("button", name="Transfer").click()

    expect(plain.locator("#toasts")).to_contain_text("The conversation is transferred.")
    jonas.rows()
