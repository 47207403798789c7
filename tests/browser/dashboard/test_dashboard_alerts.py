"""What an open tab says by itself: notifications, sounds, badges; and when it is left."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.dashboard.notifying import (
    allow,
    expect_shown,
    expect_thread,
    shown,
    want,
)

pytestmark = pytest.mark.whole_browser

HEARD = "window.heard || 0"
LISTEN = """() => document.addEventListener('desk:sound', () => {
  window.heard = 1 + (window.heard || 0);
})"""
IS_SHOWN = """async (body) => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).some((one) => one.body === body);
}"""
ALL = "message offline missed assigned mentioned"


@pytest.fixture
def page(desk):
    page = allow(desk, desk.anna)
    want(page, browser=ALL, sound=ALL)
    return page


def listen(page):
    page.evaluate(LISTEN)
    page.locator("h1").click(force=True)
    # The context starts in its own time.
    page.wait_for_timeout(300)


def test_message_is_notified_with_name_and_text(desk, page):
    id = desk.conversation("Sofia Lindqvist")
    expect_shown(page, "Sofia Lindqvist")

    desk.visitor_writes(id, "It is the blue one.")

    page.wait_for_function(IS_SHOWN, arg="It is the blue one.")
    (one,) = shown(page)
    assert one["title"] == "Sofia Lindqvist"
    assert one["tag"] == f"conversation-{id}"
    assert one["url"] == f"/conversations/{id}/"


def test_answered_at_once_is_notified_no_more(desk, page):
    id = desk.conversation("Sofia Lindqvist")

    desk.agent_writes(id, desk.jonas, "It left yesterday.")

    page.wait_for_timeout(1200)
    assert shown(page) == []


def test_two_tabs_notify_once(desk, page):
    second = page.context.new_page()
    desk.open(second)
    want(second, browser=ALL)
    count = """() => {
      const show = ServiceWorkerRegistration.prototype.showNotification;
      window.notified = 0;
      ServiceWorkerRegistration.prototype.showNotification = function (...all) {
        window.notified += 1;
        return show.apply(this, all);
      };
    }"""
    for tab in (page, second):
        tab.evaluate(count)

    desk.conversation("Ada")
    expect_shown(page, "Ada")
    page.wait_for_timeout(1500)

    assert sum(tab.evaluate("window.notified") for tab in (page, second)) == 1


def test_of_two_tabs_that_claim_at_once_one_is_first(desk, page):
    second = page.context.new_page()
    desk.open(second)
    claims = """async (begin) => {
      const desk = document.querySelector('script[type=module]').src;
      const { claim } = await import(new URL('claims.js', desk));
      const won = [];
      for (let number = 0; number < 100; number += 1) {
        while (Date.now() < begin + number * 10) {
          await new Promise((resolve) => setTimeout(resolve));
        }
        won.push(await claim(`at-once:${number}`));
      }
      return won;
    }"""
    keep = f"(begin) => {{ window.won = ({claims})(begin); }}"
    begin = page.evaluate("Date.now() + 500")
    for tab in (page, second):
        tab.evaluate(keep, begin)

    won = [tab.evaluate("window.won") for tab in (page, second)]

    assert [first + other for first, other in zip(*won, strict=True)] == [1] * 100


def test_what_is_being_read_is_not_notified(desk, page):
    id = desk.conversation("Ada")
    expect_shown(page, "Ada")
    page.locator(f"#conv-{id} .conv__link").click()
    expect_thread(page, id)
    expect_shown(page)

    desk.visitor_writes(id, "Before your eyes")
    expect(page.locator("#log .bubble").last).to_have_text("Before your eyes")
    page.wait_for_timeout(600)

    assert shown(page) == []


def test_what_a_colleague_is_responsible_for_is_not_notified(desk, page):
    id = desk.conversation("Ada", text="", assigned=[desk.jonas])

    desk.visitor_writes(id, "Hello Jonas")
    expect(page.locator(f"#conv-{id} .conv__preview")).to_have_text("Hello Jonas")
    page.wait_for_timeout(600)

    assert shown(page) == []


def test_only_the_chosen_events_are_notified(desk, page):
    want(page, browser="missed")

    id = desk.conversation("Ada")
    page.wait_for_timeout(600)
    assert shown(page) == []
    desk.on(
        id,
        "from conversations.services.waiting import mark_missed\n"
        "from django.utils import timezone\n"
        "mark_missed(conversation_id=c.pk, left_at=timezone.now())",
    )

    (one,) = expect_shown(page, "Missed conversation: Ada")
    assert one["body"] == "The visitor left before anybody replied."


def test_offline_message_is_notified(desk, page):
    want(page, browser="offline")
    id = desk.conversation("Ada")

    desk.on(
        id,
        "from conversations.services.waiting import note_offline\n"
        "note_offline(conversation_id=c.pk)",
    )

    expect_shown(page, "Offline message from Ada")


ASSIGN = """
agent, by = User.objects.get(pk=pk), User.objects.get(pk=by)
services.assign_conversation(conversation_id=c.pk, agent=agent, by=by)
"""


def test_being_assigned_is_notified_to_the_assigned_only(desk, page):
    jonas = allow(desk, desk.jonas)
    want(page, browser="assigned")
    want(jonas, browser="assigned")
    id = desk.conversation("Ada")

    desk.on(id, ASSIGN, pk=desk.anna["pk"], by=desk.jonas["pk"])

    (one,) = expect_shown(page, "A conversation was assigned to you")
    assert one["body"] == "Ada"
    page.wait_for_timeout(600)
    assert shown(jonas) == []


def test_taking_a_conversation_oneself_is_no_news(desk, page):
    want(page, browser="assigned")
    id = desk.conversation("Ada")

    desk.on(id, ASSIGN, pk=desk.anna["pk"], by=desk.anna["pk"])
    expect(page.locator(f"#conv-{id}")).to_have_attribute(
        "data-assignees", str(desk.anna["pk"])
    )
    page.wait_for_timeout(600)

    assert shown(page) == []


def test_quiet_hours_are_quiet(desk, page):
    listen(page)
    want(page, quiet="00:00-24:00", timeZone="Europe/Berlin")
    id = desk.conversation("Ada")
    page.wait_for_timeout(800)
    assert shown(page) == []
    assert page.evaluate(HEARD) == 0

    page.evaluate("delete document.querySelector('.app').dataset.quiet")
    desk.visitor_writes(id, "Hello?")

    expect_shown(page, "Ada")
    page.wait_for_function("() => window.heard === 1")


@pytest.mark.parametrize(
    ("quiet", "zone", "at", "is_quiet"),
    [
        ("22:00-07:00", "Europe/Berlin", "2026-01-15T21:30:00Z", True),
        ("22:00-07:00", "Europe/Berlin", "2026-01-15T05:59:00Z", True),
        ("22:00-07:00", "Europe/Berlin", "2026-01-15T06:00:00Z", False),
        ("22:00-07:00", "Europe/Berlin", "2026-01-15T20:59:00Z", False),
        ("22:00-07:00", "UTC", "2026-01-15T21:30:00Z", False),
        ("12:00-13:00", "America/New_York", "2026-07-15T16:30:00Z", True),
        ("12:00-13:00", "America/New_York", "2026-07-15T17:00:00Z", False),
        ("00:00-24:00", "No/Where", "2026-07-15T17:00:00Z", True),
        ("08:00-08:00", "UTC", "2026-07-15T08:00:00Z", False),
    ],
)
def test_quiet_hours_follow_the_accounts_clock(desk, quiet, zone, at, is_quiet):
    page = desk.new_page()
    page.goto(f"{desk.stack.url}/accounts/login/")
    page.clock.set_fixed_time(at)

    found = page.evaluate(
        """async ([quiet, zone]) => {
          document.body.insertAdjacentHTML('beforeend', '<div class="app"></div>');
          Object.assign(document.querySelector('.app').dataset, { quiet, timeZone: zone });
          return (await import('/static/supportdesk/js/wishes.js')).isQuiet();
        }""",
        [quiet, zone],
    )

    assert found == is_quiet


def test_sound_of_chosen_events_only(desk, page):
    want(page, sound="assigned")
    listen(page)
    id = desk.conversation("Ada")
    page.wait_for_timeout(600)
    assert page.evaluate(HEARD) == 0

    desk.on(id, ASSIGN, pk=desk.anna["pk"], by=desk.jonas["pk"])

    page.wait_for_function("() => window.heard === 1")


def test_icon_shows_that_something_is_unread(desk):
    page = desk.sign_in(desk.anna)
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile(r"/favicon\.svg$"))

    id = desk.conversation("Ada")

    expect(icon).to_have_attribute("href", re.compile(r"/favicon-unread\.svg$"))
    response = page.request.get(desk.stack.url + icon.get_attribute("href"))
    assert response.headers["content-type"] == "image/svg+xml"

    page.locator(f"#conv-{id} .conv__link").click()

    expect(icon).to_have_attribute("href", re.compile(r"/favicon\.svg$"))


def test_installed_app_shows_the_number(desk):
    page = desk.new_page()
    page.add_init_script(
        """window.badges = [];
        Navigator.prototype.setAppBadge = async (number) => { badges.push(number); };
        Navigator.prototype.clearAppBadge = async () => { badges.push(0); };"""
    )
    desk.conversation("Ada")
    page = sign_in_on(desk, page)
    assert page.evaluate("badges") == [1]

    desk.conversation("Ben")

    page.wait_for_function("() => badges.length === 2")
    assert page.evaluate("badges") == [1, 2]


def sign_in_on(desk, page):
    page.goto(f"{desk.stack.url}/accounts/login/")
    page.locator("[name=login]").fill(desk.anna["email"])
    page.locator("[name=password]").fill("correct horse battery staple")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"{desk.stack.url}/")
    desk.open(page)
    return page


# Idle

PRESENCE = "result = User.objects.get(pk=pk).presence"


def presence(desk):
    return desk.shell.run(PRESENCE, pk=desk.anna["pk"])


def expect_presence(desk, page, wanted):
    for _try in range(50):
        if presence(desk) == wanted:
            return
        page.wait_for_timeout(100)
    assert presence(desk) == wanted


@pytest.fixture
def idling(desk):
    """A page on a clock of ours, whose agent wants to be away when idle."""
    page = desk.new_page()
    page.add_init_script(
        """document.addEventListener('readystatechange', () => {
          const app = document.querySelector('.app');
          if (app) app.dataset.idle = '30';
        }, { capture: true });"""
    )
    page.clock.install()
    return sign_in_on(desk, page)


def test_left_desk_is_away_and_back_with_the_next_activity(desk, idling):
    switch = idling.locator("#presence-switch:visible")
    expect(switch).to_be_checked()

    idling.clock.run_for("29:00")
    assert presence(desk) == "online"
    idling.clock.run_for("02:00")

    expect_presence(desk, idling, "away")
    expect(switch).not_to_be_checked()
    idling.clock.run_for("20:00")
    assert presence(desk) == "away"

    idling.mouse.move(200, 200)
    idling.mouse.move(300, 300)

    expect_presence(desk, idling, "online")
    expect(switch).to_be_checked()


def test_activity_in_another_tab_counts(desk, idling):
    other = idling.context.new_page()
    desk.open(other)
    idling.clock.run_for("29:00")
    now = idling.evaluate("Date.now()")
    other.evaluate("(now) => localStorage.setItem('desk:active', now)", now)
    # One tab reads a moment later what another one stored.
    while idling.evaluate("localStorage.getItem('desk:active')") != str(now):
        other.wait_for_timeout(50)

    idling.clock.run_for("20:00")

    assert presence(desk) == "online"


def test_who_chose_to_be_offline_stays_so(desk, idling):
    idling.locator("#presence-switch:visible").click()
    expect_presence(desk, idling, "offline")

    idling.clock.run_for("45:00")
    idling.mouse.move(200, 200)
    idling.mouse.move(300, 300)
    idling.wait_for_timeout(500)

    assert presence(desk) == "offline"


def test_choice_while_away_is_the_last_word(desk, idling):
    idling.clock.run_for("31:00")
    expect_presence(desk, idling, "away")

    # Without the pointer, which would be activity on its way there.
    idling.evaluate("""() => {
      const chosen = document.querySelector('#me-menu button[value=offline]');
      chosen.click();
    }""")
    expect_presence(desk, idling, "offline")
    idling.mouse.move(200, 200)
    idling.mouse.move(300, 300)
    idling.wait_for_timeout(500)

    assert presence(desk) == "offline"


def test_who_did_not_ask_for_it_is_never_set_away(desk):
    page = desk.new_page()
    page.clock.install()
    sign_in_on(desk, page)
    page.evaluate("delete document.querySelector('.app').dataset.idle")

    page.clock.run_for("02:00:00")

    assert presence(desk) == "online"
