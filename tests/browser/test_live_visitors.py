"""A visitor looks around in the shop, an agent sees it and writes first."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_story import Agent

GREETING = "Hello! Shall I show you how the mill works?"
# The rows renew themselves every ten seconds.
RENEWED = 15_000

OPEN_PAGE = """async title => {
  const key = document.querySelector('script[data-key]').dataset.key;
  const session = await fetch('/widget/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key, lang: 'en' }),
  });
  const { token } = await session.json();
  const pages = [{ url: location.href, title, ago: 0 }];
  await fetch('/widget/visit', { method: 'POST', body: JSON.stringify({ token, pages }) });
  return token;
}"""
STILL_HERE = """async ([token, state]) => {
  const body = JSON.stringify({ token, state });
  const answer = await fetch('/widget/visit', { method: 'POST', body });
  return answer.status === 200 ? answer.json() : answer.status;
}"""
THREAD = """async token => {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch('/widget/conversation', { headers });
  return (await answer.json()).messages.map(({ text }) => text).filter(Boolean);
}"""


@pytest.fixture(scope="module", autouse=True)
def demo(running_product):
    running_product.manage("seed_demo")


@pytest.fixture
def shop(stack, new_page):
    page = new_page()
    page.goto(f"{stack.url}/demo/nordkorn-360/?lang=en")
    return page


@pytest.fixture
def agent(stack, new_page):
    return Agent(stack, new_page(), "owner@example.com").page


def row_of(page, title):
    return page.locator("#live-visitors tr", has_text=title)


def test_agent_writes_first_to_a_visitor_who_appears(stack, shop, agent):
    agent.get_by_role("link", name="Visitors", exact=True).click()
    expect(agent.get_by_role("heading", name="Visitors", level=1)).to_be_visible()
    # The page hears what is typed once its scripts run.
    expect(agent.locator("html[data-live]")).to_be_attached()
    search = agent.get_by_role("searchbox")
    search.fill("Just looking")
    expect(agent.get_by_text("Nobody found")).to_be_visible()

    token = shop.evaluate(OPEN_PAGE, "Just looking")

    # By itself, and without taking the focus from where it is.
    row = row_of(agent, "Just looking")
    expect(row).to_be_visible(timeout=RENEWED)
    expect(search).to_be_focused()
    assert shop.evaluate(STILL_HERE, [token, "here"]) == 204

    start = row.get_by_role("link", name=re.compile("^Start conversation"))
    start.click()
    dialog = agent.get_by_role("dialog")
    message = dialog.get_by_label("Your message")
    expect(message).to_be_focused()
    message.fill(GREETING)
    # What is half written stays while the rows renew themselves, and when the dialog
    # is closed by mistake.
    with agent.expect_response(lambda answer: "/visitors/?" in answer.url):
        pass
    expect(message).to_have_value(GREETING)
    agent.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    start.click()
    expect(message).to_have_value(GREETING)
    dialog.get_by_role("button", name="Send").click()

    expect(agent).to_have_url(re.compile("/conversations/"))
    expect(agent.locator("#thread").get_by_text(GREETING)).to_be_visible()
    expect(agent.locator("#thread")).to_contain_text("started the conversation on")
    assert shop.evaluate(STILL_HERE, [token, "here"]) == {"news": True}
    assert shop.evaluate(THREAD, token) == [GREETING]
    assert shop.evaluate(STILL_HERE, [token, "left"]) == 204


def test_slower_agent_is_told_and_led_to_the_conversation(stack, shop, agent, new_page):
    # Chromium's console calls every refusal an error.
    new_page.forgive(r"status of 409")
    shop.evaluate(OPEN_PAGE, "Wanted by two")
    other = Agent(stack, new_page(), "full@example.com").page
    dialogs = []
    for page in (agent, other):
        page.goto(f"{stack.url}/visitors/?q=wanted")
        row_of(page, "Wanted by two").get_by_role("link", name="Start").click()
        dialogs.append(page.get_by_role("dialog"))
        dialogs[-1].get_by_label("Your message").fill(GREETING)

    dialogs[0].get_by_role("button", name="Send").click()
    expect(agent).to_have_url(re.compile("/conversations/"))
    dialogs[1].get_by_role("button", name="Send").click()

    alert = dialogs[1].get_by_role("alert")
    expect(alert).to_contain_text("Anna Berger is already talking with this visitor.")
    expect(dialogs[1].get_by_label("Your message")).to_have_value(GREETING)
    alert.get_by_role("link", name="Open conversation").click()
    expect(other).to_have_url(agent.url)


def test_page_works_without_script(stack, new_page, shop, agent):
    shop.evaluate(OPEN_PAGE, "Plain page")
    state = agent.context.storage_state()
    page = new_page(java_script_enabled=False, storage_state=state)

    page.goto(f"{stack.url}/visitors/")
    page.get_by_role("searchbox").fill("plain page")
    page.get_by_role("button", name="Apply").click()
    row_of(page, "Plain page").get_by_role("link", name="Start").click()
    page.get_by_label("Your message").fill(GREETING)
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#thread").get_by_text(GREETING)).to_be_visible()


def test_phone_shows_cards_that_fit(stack, new_page, agent):
    state = agent.context.storage_state()
    page = new_page(viewport=PHONE, storage_state=state)

    page.goto(f"{stack.url}/visitors/")

    expect(page.get_by_role("link", name=re.compile("^Start")).first).to_be_visible()
    width = page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= PHONE["width"]
    for row in page.locator("#live-visitors tbody tr").all():
        box = row.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
