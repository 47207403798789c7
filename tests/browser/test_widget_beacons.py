"""What the widget tells of a visit, and what it hears back."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.visiting import bubbles, told, write

BEAT = 45_000
# A page counts once it has stood for half a second.
VIEW = 900

LATEST_VISIT = """
from visitors.models import Visit
visit = Visit.objects.filter(visitor__account=owner.account).latest("pk")
"""

# Who left is not shown for as long as who is silent.
SIGN_OF_LIFE = """
import time
from supportdesk.core import redis
seen = redis.client().zscore(redis.key("live", owner.account_id), visit.pk)
print("left" if time.time() - seen > 60 else "here")
"""


@pytest.fixture
def untracked(desk):
    desk.set_website(track=False)
    yield
    desk.set_website(track=True)


def requests_of(page):
    """The widget's requests, `METHOD path`, and its sockets."""
    seen = []

    def note(request):
        path = request.url.partition("?")[0].partition("/widget/")[2]
        if path and request.method != "OPTIONS":
            seen.append(f"{request.method} {path}")

    page.on("request", note)
    page.on("websocket", lambda socket: seen.append("socket"))
    return seen


def test_page_view_costs_one_small_request_and_no_socket(shop, desk, new_page):
    page = new_page(timezone_id="Europe/Vienna")
    visits = told(page, "visit")
    page.goto(shop)
    with page.expect_response("**/widget/visit") as first:
        page.get_by_role("button", name="Open chat").wait_for()
    assert first.value.status == 204
    seen = requests_of(page)

    with page.expect_response("**/widget/visit"):
        page.get_by_role("link", name="Baking").click()
    page.wait_for_timeout(VIEW)
    with page.expect_response("**/widget/visit") as third:
        page.evaluate("history.pushState({}, '', '?step=2#part')")

    assert third.value.status == 204
    # What a page says as it is left, nobody sees here.
    assert seen == ["GET config", "POST visit", "POST visit"]
    assert [visit["state"] for visit in visits] == ["here", "here", "here"]
    assert all(len(str(visit)) < 2000 for visit in visits)
    stored = desk.do(
        LATEST_VISIT + "print(visit.time_zone, visit.page_count,"
        " visit.pages.latest('at').url.partition('?')[2])"
    )
    assert stored.split() == ["Europe/Vienna", "3", "step=2"]


def test_without_tracking_pages_are_told_once_there_is_a_visitor(
    shop, desk, untracked, new_page
):
    page = new_page()
    visits = told(page, "visit")
    sessions = told(page, "session")
    page.goto(shop)
    page.get_by_role("button", name="Open chat").wait_for()
    page.wait_for_timeout(VIEW)
    page.get_by_role("link", name="Baking").click()
    page.get_by_role("button", name="Open chat").wait_for()
    page.wait_for_timeout(VIEW)
    page.evaluate("supportdesk('identify', {name: 'Sofia'})")
    page.evaluate("supportdesk('customer', {orders: 3})")
    page.wait_for_timeout(VIEW)
    assert (visits, sessions) == ([], [])

    page.get_by_role("button", name="Open chat").click()
    with page.expect_response("**/widget/visit"):
        write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    with page.expect_response("**/widget/visit") as answer:
        page.evaluate("history.replaceState({}, '', '?step=3')")

    assert answer.value.status == 204
    assert len(sessions) == 1
    desk.becomes("print(latest.visitor.visits.get().page_count)", "3")


def test_heartbeat_is_given_while_the_page_is_in_view(shop, desk, new_page):
    page = new_page()
    page.clock.install()
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Open chat").wait_for()
        page.clock.run_for(VIEW)
    visits = told(page, "visit")

    with page.expect_response("**/widget/visit"):
        page.clock.run_for(BEAT + 1000)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
    )
    page.clock.run_for(3 * BEAT)
    assert [(set(visit), visit["state"]) for visit in visits] == [
        ({"token", "state"}, "here")
    ]
    page.evaluate("delete document.hidden")
    with page.expect_response("**/widget/visit"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    assert len(visits) == 2


def test_leaving_is_told(shop, desk, new_page):
    page = new_page()
    visits = told(page, "visit")
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Open chat").wait_for()
    desk.becomes(LATEST_VISIT + SIGN_OF_LIFE, "here")

    with page.expect_request("**/widget/visit") as beacon:
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert beacon.value.resource_type == "ping"
    assert visits[-1] == {"token": visits[0]["token"], "state": "left"}
    with page.expect_response("**/widget/visit"):
        page.evaluate("history.pushState({}, '', '?after')")
    desk.becomes(LATEST_VISIT + SIGN_OF_LIFE, "here")
    page.goto("about:blank")

    desk.becomes(LATEST_VISIT + SIGN_OF_LIFE, "left")


def test_pages_that_are_too_much_for_one_request_are_dropped(
    shop, desk, untracked, new_page
):
    page = new_page()
    visits = told(page, "visit")
    page.goto(shop)
    page.get_by_role("button", name="Open chat").wait_for()
    page.wait_for_timeout(VIEW)
    page.evaluate(
        """
        const [name] = Object.keys(sessionStorage);
        const address = (i) => `${location.href}?${i}${"x".repeat(1900)}`;
        const pages = Array.from({ length: 20 }, (_, i) => (
            { url: address(i), title: "", referrer: address(i), at: Date.now() }
        ));
        sessionStorage.setItem(name, JSON.stringify(pages));
        """
    )
    page.get_by_role("link", name="Baking").click()
    page.get_by_role("button", name="Open chat").click()
    page.wait_for_timeout(VIEW)

    with page.expect_response("**/widget/visit") as answer:
        write(page, "Hello")

    assert answer.value.status == 204
    assert len(str(visits)) < 50_000
    urls = [told["url"] for told in visits[0]["pages"]]
    assert urls[-1] == page.url
    assert "?19xx" in urls[-2]
    assert len(urls) > 10


def test_pages_that_the_browser_does_not_send_stay_for_the_next_page(
    shop, desk, new_page
):
    new_page.forgive("ERR_FAILED")
    page = new_page()
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Open chat").wait_for()
    page.route("**/widget/visit", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("history.pushState({}, '', '?untold')")
    page.evaluate("navigator.sendBeacon = () => false")
    page.unroute("**/widget/visit")
    visits = told(page, "visit")

    with page.expect_response("**/widget/visit"):
        page.get_by_role("link", name="Baking").click()

    urls = [told["url"] for told in visits[-1]["pages"]]
    assert urls == [f"{shop}?untold", page.url]


def test_who_an_agent_writes_to_sees_it_without_having_opened_the_chat(
    shop, desk, new_page
):
    page = new_page()
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Open chat").wait_for()
    desk.begin("Hello! Can I <b>help</b> you to choose?")

    page.get_by_role("link", name="Baking").click()

    bubble = page.locator("support-widget .w-greet")
    expect(bubble).to_contain_text("Anna from Moor & Mühle")
    expect(bubble).to_contain_text("Hello! Can I <b>help</b> you to choose?")
    expect(page.get_by_role("button", name="Open chat, 1 new message")).to_be_visible()
    expect(page).to_have_title("(1) Cast-iron bread pot, 4 l · Moor & Mühle")
    page.reload()
    bubble.get_by_role("button", name="Dismiss").click()
    expect(bubble).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Open chat, 1 new message").click()
    expect(bubble).to_have_count(0)
    expect(bubbles(page)).to_contain_text(["Hello! Can I <b>help</b> you to choose?"])
    write(page, "Yes, please")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    desk.stores("Hello! Can I <b>help</b> you to choose?", "Yes, please")


def test_greeting_of_an_agent_opens_the_chat_on_a_phone(shop, desk, new_page):
    page = new_page(lang="de", viewport=PHONE, dark=True)
    page.clock.install()
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Chat öffnen").wait_for()
        page.clock.run_for(VIEW)
    desk.begin("Guten Tag! Darf ich helfen?")

    # Nobody goes to another page: the heartbeat brings the news.
    page.clock.run_for(BEAT + 16_000)
    page.clock.run_for(BEAT)
    bubble = page.locator("support-widget .w-greet")
    expect(bubble).to_contain_text("Anna von Moor & Mühle")
    bubble.get_by_text("Darf ich helfen?").click()

    expect(bubbles(page)).to_contain_text(["Guten Tag! Darf ich helfen?"])


def test_revoked_browser_begins_anew_and_tells_its_page(shop, desk, new_page):
    new_page.forgive("401")
    page = new_page()
    page.goto(shop)
    with page.expect_response("**/widget/visit"):
        page.get_by_role("button", name="Open chat").wait_for()
    desk.do(
        "from channels_integration.website.services import revoke_session\n"
        "from channels_integration.website.models import VisitorSession\n"
        "revoke_session(session=VisitorSession.objects.latest('pk'))"
    )
    visits = told(page, "visit")

    page.evaluate("history.pushState({}, '', '?after')")
    page.wait_for_timeout(3 * VIEW)

    refused, repeated = visits
    assert refused["token"] != repeated["token"]
    assert [one["url"] for one in repeated["pages"]] == [f"{shop}?after"]


BLOCK = """
from channels_integration.website.models import VisitorSession
from visitors import services as visitors
visitor = VisitorSession.objects.latest("pk").visitor.profile
visitors.block_visitor(visitor=visitor, agent=owner)
"""


def test_blocked_visitor_sees_nothing(shop, desk, new_page):
    new_page.forgive("403")
    page, quiet = new_page(), new_page()
    quiet.goto(shop)
    with quiet.expect_response("**/widget/visit"):
        quiet.get_by_role("button", name="Open chat").wait_for()
    desk.do(BLOCK)
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "You fools")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    # One hears it by the socket, the other by the next report.
    desk.do(BLOCK)
    expect(page.locator("support-widget")).to_be_hidden()
    quiet.evaluate("history.pushState({}, '', '?after')")
    expect(quiet.locator("support-widget")).to_be_hidden()

    page.evaluate("supportdesk('show'); supportdesk('open')")
    page.wait_for_timeout(300)
    expect(page.locator("support-widget")).to_be_hidden()
