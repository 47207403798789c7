"""The chat widget on the demo shop, against the running product."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.visiting import bubbles, write


def test_visitor_and_agent_talk_until_the_rating(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()

    write(page, "My card is 4111 1111 1111 1111")
    expect(bubbles(page).last).to_have_text("My card is Card number hidden ····1111")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    desk.note("Nobody may see this")
    desk.answer("Good morning! <b>How</b> can I help?")
    expect(bubbles(page).last).to_contain_text("Good morning! <b>How</b> can I help?")
    expect(page.locator("support-widget")).not_to_contain_text("Nobody may see")
    desk.resolve()
    page.get_by_text("Good", exact=True).click()
    page.get_by_role("button", name="Send rating").click()
    expect(page.get_by_text("Thank you for your feedback")).to_be_visible()
    page.get_by_role("button", name="Back to the chat").click()
    write(page, "One more thing")

    expect(bubbles(page).last).to_have_text("One more thing")
    desk.becomes("print(latest.status, latest.rating)", "open 5")
    assert desk.texts()[0] == "My card is [card ····1111]"


def test_conversation_goes_on_over_pages_and_tabs(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    page.get_by_role("link", name="Baking").click()
    other = new_page(context=page.context)
    other.goto(shop)
    write(other, "From the other tab")

    for tab in (page, other):
        expect(bubbles(tab)).to_have_text(["Hello", "From the other tab"])
    desk.stores("Hello", "From the other tab")


def test_answer_to_a_closed_box_shows_in_badge_and_title(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    title = page.title()
    page.get_by_role("button", name="Open chat").click()
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    page.keyboard.press("Escape")

    desk.answer("Good morning!")

    launcher = page.get_by_role("button", name="Open chat, 1 new message")
    expect(launcher).to_be_visible()
    expect(page).to_have_title(f"(1) {title}")
    launcher.click()
    expect(page).to_have_title(title)


def test_messages_survive_a_dead_server_once_and_in_order(stack, shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "One")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    new_page.errors.clear()
    new_page.forgive_network()
    stack.kill_web()
    for text in ("Two", "Three", "Four"):
        write(page, text)
    waiting = page.get_by_text("Not sent yet, waiting for the network")
    expect(waiting).to_have_count(3)
    stack.start_web()

    expect(page.get_by_text("Sent", exact=True)).to_be_visible(timeout=40_000)
    expect(bubbles(page)).to_have_text(["One", "Two", "Three", "Four"])
    desk.stores("One", "Two", "Three", "Four")


def test_unsent_messages_survive_a_reload_and_a_revoked_token(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "Before")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    new_page.forgive("401")
    desk.do(
        "from channels_integration.website.services import revoke_session\n"
        "from channels_integration.website.models import VisitorSession\n"
        "revoke_session(session=VisitorSession.objects.latest('pk'))"
    )
    write(page, "After")

    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    expect(bubbles(page)).to_have_text(["After"])
    desk.stores("After")


def test_offline_form_in_german_on_a_phone(shop, desk, new_page):
    desk.go()
    new_page.forgive("422")
    page = new_page(lang="de", viewport=PHONE)
    page.goto(shop)
    page.get_by_role("button", name="Chat öffnen").click()

    page.get_by_label("Nachricht").fill("Passt der Gärkorb?")
    page.get_by_role("button", name="Nachricht senden").click()
    expect(page.get_by_label("E-Mail")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("E-Mail")).to_be_focused()
    page.get_by_label("E-Mail").fill("sofia@example.net")
    page.get_by_role("button", name="Nachricht senden").click()

    expect(page.get_by_text("Wir antworten an sofia@example.net.")).to_be_visible()
    desk.stores("Passt der Gärkorb?")
    panel = page.locator("support-widget .w-panel").bounding_box()
    assert (panel["width"], panel["height"]) == (390, 844)


def leave_a_message(page, text):
    page.get_by_role("button", name="Open chat").click()
    page.get_by_label("E-mail").fill("sofia@example.net")
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send message").click()
    page.get_by_text("We answer to sofia@example.net.").wait_for()


def test_answer_to_a_message_left_behind_is_shown_at_once(shop, desk, new_page):
    desk.go()
    page = new_page()
    page.goto(shop)
    leave_a_message(page, "Does the basket fit?")

    desk.answer("It does.")

    # With the name of who answers.
    expect(bubbles(page)).to_have_text([re.compile("fit\\?$"), re.compile("It does.$")])
    expect(page.get_by_role("textbox", name="Write a message")).to_have_value("")


def test_answer_counts_as_unread_for_who_closed_the_form(shop, desk, new_page):
    desk.go()
    page = new_page()
    page.goto(shop)
    leave_a_message(page, "Does the basket fit?")
    page.locator("support-widget .w-done button").click()

    desk.answer("It does.")

    expect(page.locator("support-widget .w-launch b")).to_have_text("1")


def test_hostile_page_styles_do_not_reach_the_launcher(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").wait_for()

    page.evaluate(
        "const s = new CSSStyleSheet();"
        "s.replaceSync('* { display: block !important; position: static !important;"
        " color: lime !important } support-widget { left: 0; opacity: 0 }');"
        "document.adoptedStyleSheets = [s]"
    )

    host = page.locator("support-widget")
    styles = host.evaluate(
        "e => [getComputedStyle(e).position, getComputedStyle(e).opacity]"
    )
    assert styles == ["fixed", "1"]


def test_form_outside_business_hours_says_when_somebody_is_back(shop, desk, new_page):
    desk.come()
    weekday = desk.do(
        "from datetime import time, timedelta\n"
        "from django.utils import timezone\n"
        "back = timezone.localtime(timezone=owner.account.tz) + timedelta(days=2)\n"
        "week = [[(time(9), time(17))] if day == back.weekday() else []"
        " for day in range(7)]\n"
        "accounts.set_business_hours(account=owner.account, is_on=True,"
        " time_zone='Europe/Berlin', week=week, holidays=[])\n"
        "print(back.strftime('%A'), end='')"
    )
    try:
        page = new_page(timezone_id="Europe/Lisbon")
        # The hours before are remembered for some seconds.
        page.wait_for_timeout(5_500)
        page.goto(shop)
        page.get_by_role("button", name="Open chat").click()
        # Nine in Berlin is eight where the visitor is.
        expect(page.get_by_text(f"Back on {weekday} at 08:00.")).to_be_visible()
        expect(page.get_by_text("Nobody is here right now")).to_be_visible()

        page.get_by_label("E-mail").fill("sofia@example.net")
        page.get_by_role("textbox", name="Message").fill("Are you open?")
        page.get_by_role("button", name="Send message").click()
        expect(page.get_by_text("We answer to sofia@example.net.")).to_be_visible()
        page.get_by_role("button", name="Back to the page").click()
        page.get_by_role("button", name="Open chat").click()
        away = page.get_by_text("Nobody is here right now", exact=False)
        expect(away).to_be_visible()
        # Somebody takes it on all the same: from then on it is a chat.
        desk.answer("We are, for you.")
        expect(bubbles(page).last).to_contain_text("We are, for you.")
        expect(away).to_be_hidden()
    finally:
        desk.do(
            "accounts.set_business_hours(account=owner.account, is_on=False,"
            " time_zone='Europe/Berlin', week=[[]] * 7, holidays=[])"
        )
