"""Pushes, with and without an open tab, and the page for times without a network."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard.notifying import (
    Worker,
    allow,
    away,
    content,
    expect_shown,
    expect_thread,
    shown,
    want,
)
from tests.notifications.push_service import Browser

pytestmark = pytest.mark.whole_browser


@pytest.fixture
def page(desk):
    return allow(desk, desk.anna)


@pytest.fixture
def worker(desk, page):
    return Worker(page, desk.stack.url)


def test_push_is_shown_with_where_it_leads(desk, page, worker):
    id = desk.conversation("Sofia Lindqvist")

    worker.push(content(id))

    (one,) = expect_shown(page, "Sofia Lindqvist")
    assert one == {
        "title": "Sofia Lindqvist",
        "body": "Where is my parcel?",
        "tag": f"conversation-{id}",
        "lang": "en",
        "url": f"/conversations/{id}/",
    }


def test_later_push_about_a_conversation_replaces_the_earlier(desk, page, worker):
    want(page, browser="none")  # or the page tells of the new conversations too
    first, second = desk.conversation("Ada"), desk.conversation("Ben")
    worker.push(content(first, title="Ada", body="One"))
    worker.push(content(second, title="Ben"))
    expect_shown(page, "Ada", "Ben")

    worker.push(content(first, title="Ada again", body="Two"))

    expect_shown(page, "Ada again", "Ben")


@pytest.mark.parametrize(
    ("sent", "url"),
    [
        ("not JSON at all", "/"),
        ("", "/"),
        ('{"title": "", "url": "https://evil.example.com/x"}', "/"),
        ('{"url": "javascript:alert(1)"}', "/"),
        ("[1, 2]", "/"),
    ],
)
def test_nonsense_is_shown_as_news_of_the_desk(page, worker, sent, url):
    worker.push(sent)

    (one,) = expect_shown(page, "Supportdesk")
    assert one["url"] == url


def test_push_about_what_is_being_read_is_not_shown(desk, page, worker):
    read, other = desk.conversation("Ada"), desk.conversation("Ben")
    page.locator(f"#conv-{read} .conv__link").click()
    expect_thread(page, read)
    page.bring_to_front()

    worker.push(content(read, title="Ada"))
    worker.push(content(other, title="Ben"))

    expect_shown(page, "Ben")
    assert len(shown(page)) == 1


def test_click_goes_there_in_the_tab_that_is_open(desk, page, worker):
    id = desk.conversation("Ada")

    # Nobody may focus a window without a real click; the page has gone there by then.
    worker.run("(url) => open(url).catch(() => {})", f"/conversations/{id}/")

    expect_thread(page, id)
    assert len(page.context.pages) == 1


def test_click_leaves_a_page_with_a_form_alone(desk, page, worker):
    id = desk.conversation("Ada")
    desk.open(page, "/profile/")

    failed = worker.run(
        "(url) => open(url).then(() => 'opened', (error) => error.name)",
        f"/conversations/{id}/",
    )

    # It asks for a window of its own, which only a real click is given.
    assert failed == "InvalidAccessError"
    expect(page).to_have_url(re.compile("/profile/$"))


def test_reading_takes_the_notification_away(desk, page, worker):
    id = desk.conversation("Ada")
    worker.push(content(id, title="Ada"))
    expect_shown(page, "Ada")

    page.locator(f"#conv-{id} .conv__link").click()

    expect_shown(page)


def test_answer_of_a_colleague_takes_it_away_too(desk, page, worker):
    id = desk.conversation("Ada")
    worker.push(content(id, title="Ada"))
    expect_shown(page, "Ada")
    away(page)

    desk.agent_writes(id, desk.jonas, "Good morning!")

    expect_shown(page)


def test_no_network_has_a_page_of_its_own_that_ends_by_itself(desk, page, new_page):
    new_page.forgive_network()
    page.wait_for_function(
        "async () => (await caches.match('/offline/')) !== undefined"
    )

    page.context.set_offline(True)
    page.goto(f"{desk.stack.url}/profile/")

    expect(page.get_by_role("heading", name="No network")).to_be_visible()
    font = "getComputedStyle(document.body).fontFamily"
    assert "Inter" in page.evaluate(font)
    expect(page).to_have_url(re.compile("/profile/$"))

    page.context.set_offline(False)

    expect(page.locator("h1")).to_have_text("Profile")


def test_nothing_of_a_conversation_is_kept(desk, page):
    id = desk.conversation("Ada", "A secret of Ada")
    page.locator(f"#conv-{id} .conv__link").click()
    expect_thread(page, id)
    desk.open(page, f"/conversations/{id}/")

    kept = page.evaluate(
        """async () => {
          const texts = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              const response = await cache.match(request);
              texts.push([new URL(request.url).pathname, await response.text()]);
            }
          }
          return texts;
        }"""
    )

    paths = [path for path, _text in kept]
    assert "/offline/" in paths
    assert all(path == "/offline/" or path.startswith("/static/") for path in paths)
    assert not any("Ada" in text for _path, text in kept)


def test_offline_page_follows_the_agents_language(desk):
    german = allow(desk, desk.anna)
    desk.shell.run(
        "User.objects.filter(pk=pk).update(language='de')", pk=desk.anna["pk"]
    )

    desk.open(german)

    german.wait_for_function(
        "async () => (await (await caches.match('/offline/')).text()).includes('lang=\"de\"')"
    )


# Subscribing: a headless browser has no push service, so its answer is played.

SUBSCRIPTION = """(endpoint) => {
  let made = sessionStorage.getItem('made');
  const subscription = (url) => ({
    endpoint: url,
    options: {},
    toJSON: () => ({ endpoint: url, keys: { p256dh: P256DH, auth: AUTH } }),
    unsubscribe: async () => { sessionStorage.removeItem('made'); made = null; return true; },
  });
  PushManager.prototype.getSubscription = async () => (made ? subscription(made) : null);
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error('key');
    made = endpoint;
    sessionStorage.setItem('made', made);
    return subscription(made);
  };
}"""

PANEL = """
<section class="panel" data-notify-panel>
  <div data-notify-state="default" hidden>Off<button type="button" data-notify-enable>Switch on</button></div>
  <div data-notify-state="granted" hidden>On<button type="button" data-notify-test>Send a test</button>
    <button type="button" data-notify-disable>Switch off</button></div>
  <div data-notify-state="denied" hidden>Blocked</div>
  <div data-notify-state="unsupported" hidden>Impossible</div>
</section>
"""

STORED = """
from notifications.models import PushSubscription
result = list(PushSubscription.objects.filter(agent=pk).values_list("endpoint", "device"))
"""


def subscriptions(desk):
    return desk.shell.run(STORED, pk=desk.anna["pk"])


def stub_push_service(page):

    asked = Browser("https://push.example.com/anna").subscription()
    script = SUBSCRIPTION.replace("P256DH", f"'{asked['p256dh']}'").replace(
        "AUTH", f"'{asked['auth']}'"
    )
    page.add_init_script(f"({script})({asked['endpoint']!r})")
    return asked["endpoint"]


def show_panel(page):
    """The panel of the settings page, on a page that has none."""
    page.evaluate(
        """(html) => {
          document.querySelector('.page__body').insertAdjacentHTML('afterbegin', html);
          dispatchEvent(new StorageEvent('storage', {
            key: `desk:notify-off:${document.querySelector('.app').dataset.agent}`,
          }));
        }""",
        PANEL,
    )


def test_switching_on_subscribes_and_switching_off_ends_it(desk):
    page = desk.sign_in(desk.anna, permissions=["notifications"])
    endpoint = stub_push_service(page)
    desk.open(page, "/profile/")
    page.evaluate(
        "localStorage.setItem(`desk:notify-off:${document.querySelector('.app').dataset.agent}`, '1')"
    )
    show_panel(page)

    page.get_by_role("button", name="Switch on").click()

    expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    ((stored, device),) = subscriptions(desk)
    assert stored == endpoint
    assert device == page.locator(".app").get_attribute("data-device")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#toasts")).to_contain_text("The test is on its way.")

    with page.expect_response("**/push/unsubscribe/") as ended:
        page.get_by_role("button", name="Switch off").click()

    assert ended.value.ok
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('made')") is None
    assert subscriptions(desk) == []


def test_browser_the_desk_forgot_says_it_again_by_itself(desk):
    page = desk.sign_in(desk.anna, permissions=["notifications"])
    stub_push_service(page)
    page.evaluate("sessionStorage.setItem('made', 'https://push.example.com/anna')")

    with page.expect_response("**/push/subscribe/") as first:
        desk.open(page)
    assert first.value.ok
    assert len(subscriptions(desk)) == 1
    # Said once, not on each page.
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    desk.open(page)
    page.wait_for_timeout(800)

    assert requests
    assert not any("/push/" in url for url in requests)


def test_subscription_of_who_was_here_before_ends_for_who_wants_none(desk):
    page = desk.sign_in(desk.jonas, permissions=["notifications"])
    endpoint = stub_push_service(page)
    page.evaluate(
        """([jonas, anna, endpoint]) => {
          sessionStorage.setItem('made', endpoint);
          localStorage.setItem(`desk:notify-off:${jonas}`, '1');
          localStorage.setItem('desk:push', `device ${anna} 2026-01-15 ${endpoint}`);
        }""",
        [desk.jonas["pk"], desk.anna["pk"], endpoint],
    )

    desk.open(page)

    page.wait_for_function("() => sessionStorage.getItem('made') === null")
    assert page.evaluate("localStorage.getItem('desk:push')") is None


def test_worker_tells_the_desk_of_a_new_address(desk, page, worker):
    asked = Browser("https://push.example.com/moved").subscription()

    worker.run(
        """async ({ endpoint, ...keys }) => {
          PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
            if (applicationServerKey.length !== 87) throw new Error('key');
            return { toJSON: () => ({ endpoint, keys }) };
          };
          await subscribeAnew();
        }""",
        asked,
    )

    ((stored, device),) = subscriptions(desk)
    assert stored == asked["endpoint"]
    assert device == page.locator(".app").get_attribute("data-device")


def test_page_leaves_it_to_the_push(desk):
    page = desk.sign_in(desk.anna, permissions=["notifications"])
    stub_push_service(page)
    page.evaluate("sessionStorage.setItem('made', 'https://push.example.com/anna')")
    with page.expect_response("**/push/subscribe/"):
        desk.open(page)
    id = desk.conversation("Ada")
    want(page, browser="message")
    page.wait_for_timeout(300)

    desk.visitor_writes(id, "Hello?")
    expect(page.locator(f"#conv-{id} .conv__preview")).to_have_text("Hello?")
    page.wait_for_timeout(800)

    assert shown(page) == []


def test_blocked_browser_says_so(desk):
    page = desk.sign_in(desk.anna, "/profile/")
    page.evaluate(
        "() => { Object.defineProperty(Notification, 'permission', { get: () => 'denied' }); }"
    )

    show_panel(page)

    expect(page.locator("[data-notify-state=denied]")).to_be_visible()
    expect(page.locator("[data-notify-enable]")).to_be_hidden()
