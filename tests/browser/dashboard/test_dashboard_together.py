"""Two agents with the same conversation open."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.conftest import SCREENSHOTS as SHOTS
from tests.browser.test_accessibility import WIDE, violations

NO_SOCKET = """
window.WebSocket = class { static OPEN = 1; readyState = 0; send() {} close() {} };
"""


@pytest.fixture
def both(desk, seen):
    """Anna and Jonas, who see what the other one does."""
    desk.first = desk.conversation("Katharina Vogt", "One", group="repairs")
    desk.second = desk.conversation("Oliver Whitcombe", "Eins", group="repairs")
    anna, jonas = (seen(desk.sign_in(agent)) for agent in (desk.anna, desk.jonas))
    anna.open(desk.first)
    jonas.open(desk.first)
    return anna, jonas


def faces(seen):
    return seen.page.locator("#together")


def line(seen):
    return seen.page.locator("#writing")


def text_of(seen):
    return seen.page.locator("#composer-text")


def notice(seen):
    return seen.page.locator("#meanwhile")


def test_each_sees_the_other_until_they_leave(desk, both):
    anna, jonas = both
    expect(faces(anna)).to_have_attribute(
        "aria-label", "Jonas Adler is looking at this conversation"
    )
    expect(faces(anna).locator(".avatar")).to_have_text(["JA"])
    expect(faces(jonas).locator(".avatar")).to_have_text(["AB"])

    jonas.open(desk.second)
    expect(faces(anna)).to_be_hidden()
    expect(faces(jonas)).to_be_hidden()

    anna.open(desk.second)
    expect(faces(jonas).locator(".avatar")).to_have_text(["AB"])
    # Drawn anew by the server: assigned, and so are the faces.
    anna.page.locator("#assignee > summary").click()
    anna.page.get_by_role("button", name="Me (join)").click()
    expect(anna.page.locator("#assignee .assignee-name")).to_have_text("Anna")
    expect(faces(anna).locator(".avatar")).to_have_text(["JA"])

    jonas.page.close()
    expect(faces(anna)).to_be_hidden()


def test_who_writes_is_told_and_till_when(desk, both):
    anna, jonas = both
    expect(faces(anna)).to_be_visible()

    text_of(jonas).press_sequentially("Dear Katharina")
    expect(line(anna)).to_have_text("Jonas is writing a reply")
    assert line(jonas).text_content() == ""
    text_of(jonas).press("Control+Enter")
    anna.messages("One", "Dear Katharina")
    expect(line(anna)).to_have_text("")

    jonas.page.get_by_role("button", name="Private note").click()
    # The desk takes no two of these within two seconds.
    jonas.page.wait_for_timeout(2_100)
    text_of(jonas).press_sequentially("She is nice")
    expect(line(anna)).to_have_text("Jonas is writing a note")
    text_of(jonas).blur()
    expect(line(anna)).to_have_text("")


def test_colleagues_answer_is_told_while_one_writes(desk, both):
    _anna, jonas = both
    text_of(jonas).fill("It was")
    desk.visitor_writes(desk.first, "Hello?")
    jonas.messages("One", "Hello?")
    expect(notice(jonas)).to_be_hidden()

    desk.agent_writes(desk.first, desk.anna, "It was sent today")

    expect(notice(jonas)).to_contain_text("Anna Berger answered meanwhile.")
    expect(notice(jonas)).to_contain_text("It was sent today")
    jonas.page.get_by_role("button", name="Private note").click()
    expect(notice(jonas)).to_be_hidden()
    jonas.page.get_by_role("button", name="Reply", exact=True).click()
    expect(notice(jonas)).to_be_visible()
    # Begun before it, so also after the page was loaded anew.
    jonas.page.reload()
    expect(notice(jonas)).to_contain_text("It was sent today")
    expect(text_of(jonas)).to_have_value("It was")

    # Once it stood there for a while, sending means sending in spite of it.
    seen_seq = jonas.page.locator("#composer [name=seen_seq]")
    last = jonas.page.locator("#log > [data-seq]").last.get_attribute("data-seq")
    expect(seen_seq).to_have_value(last)
    text_of(jonas).press("Control+Enter")
    jonas.messages("One", "Hello?", "It was sent today", "It was")
    expect(notice(jonas)).to_be_hidden()

    # What is begun after it has nothing to do with it.
    text_of(jonas).fill("Bye")
    expect(notice(jonas)).to_be_hidden()


def test_own_answer_from_another_tab_is_no_news(desk, both):
    _anna, jonas = both
    text_of(jonas).fill("It was")
    desk.agent_writes(desk.first, desk.jonas, "From the phone")

    jonas.messages("One", "From the phone")
    expect(notice(jonas)).to_be_hidden()


def test_answer_that_was_not_seen_is_asked_about(desk, seen, new_page):
    new_page.forgive("409")
    id = desk.conversation("Katharina Vogt", "One", group="repairs")
    page = desk.sign_in(desk.jonas)
    page.add_init_script(NO_SOCKET)
    page.goto(f"{desk.stack.url}/conversations/{id}/")
    jonas = seen(page)
    text_of(jonas).fill("It was lost")
    desk.agent_writes(id, desk.anna, "It was sent today")

    text_of(jonas).press("Control+Enter")

    expect(notice(jonas)).to_contain_text("Anna Berger answered meanwhile.")
    expect(notice(jonas)).to_contain_text("It was sent today")
    expect(text_of(jonas)).to_have_value("It was lost")
    jonas.messages("One", "It was sent today")
    assert desk.texts(id) == ["One", "It was sent today"]

    text_of(jonas).fill("I am sorry for the wait")
    expect(notice(jonas)).to_be_visible()
    page.get_by_role("button", name="Send anyway").click()

    jonas.messages("One", "It was sent today", "I am sorry for the wait")
    expect(notice(jonas)).to_be_hidden()
    expect(text_of(jonas)).to_have_value("")


def test_without_script_the_page_asks_and_sends(desk, new_page):
    id = desk.conversation("Katharina Vogt", "One", group="repairs")
    new_page.forgive("409")
    page = new_page(java_script_enabled=False)
    page.goto(f"{desk.stack.url}/accounts/login/")
    page.locator("[name=login]").fill(desk.jonas["email"])
    page.locator("[name=password]").fill("correct horse battery staple")
    page.locator("[name=password]").press("Enter")
    page.goto(f"{desk.stack.url}/conversations/{id}/")
    page.locator("#composer-text").fill("It was lost")
    desk.agent_writes(id, desk.anna, "It was sent today")

    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#meanwhile")).to_contain_text("It was sent today")
    expect(page.locator("#composer-text")).to_have_value("It was lost")
    page.get_by_role("button", name="Send anyway").click()

    expect(page.locator("#log > .msg .bubble")).to_have_text(
        ["One", "It was sent today", "It was lost"]
    )
    assert desk.texts(id) == ["One", "It was sent today", "It was lost"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "viewport",
    [WIDE, {"width": 1024, "height": 800}, PHONE],
    ids=["wide", "middle", "phone"],
)
def test_everybody_can_see_it(desk, seen, viewport, dark):
    id = desk.conversation("Katharina Vogt", "One", group="repairs")
    page = desk.sign_in(desk.anna, viewport=viewport, dark=dark)
    desk.open(page, f"/conversations/{id}/")
    colleague = seen(desk.sign_in(desk.jonas))
    colleague.open(id)
    expect(page.locator("#together")).to_be_visible()
    page.locator("#composer-text").fill("Dear Katharina, it")
    desk.agent_writes(id, desk.jonas, "It was sent today, and arrives on Friday.")
    expect(page.locator("#meanwhile")).to_be_visible()
    expect(page.locator("#assignee > summary .avatar")).to_have_text("JA")
    text_of(colleague).press_sequentially("And")
    expect(page.locator("#writing")).to_have_text("Jonas is writing a reply")

    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= viewport["width"]
    page.screenshot(path=SHOTS / f"together-{viewport['width']}-{dark}.png")
    assert violations(page) == []
