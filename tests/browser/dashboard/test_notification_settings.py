"""Settings, Notifications, by hand: both pages, with mouse, keyboard, and without script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, violations

ACCOUNT = "/settings/notifications/"
OWN = "/settings/notifications/me/"
VIEWPORTS = pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)
RECIPIENTS = """
from notifications.models import ExtraRecipient
rows = ExtraRecipient.objects.filter(account=account).order_by("event", "group", "pk")
result = [list(row) for row in rows.values_list("event", "group__name", "email")]
"""
PREFERENCES = """
from notifications.models import Preferences
saved = Preferences.objects.get(agent=pk)
result = [saved.mail, saved.browser, saved.sound, str(saved.quiet_from), saved.digest]
"""


def tokens(page, field):
    return page.locator(f"[id={field}-list] + .token-input .token")


def saved(page):
    with page.expect_navigation():
        page.locator(".save-bar").get_by_role("button", name="Save").click()


@VIEWPORTS
def test_account_chooses_whom_it_tells(desk, viewport, dark):
    page = desk.sign_in(desk.anna, ACCOUNT, viewport=viewport, dark=dark)
    assert violations(page) == []
    unsaved = page.get_by_text("Unsaved changes")
    expect(unsaved).to_be_hidden()

    offline = page.locator("#id_offline_to")
    offline.fill("Service@Example.com")
    offline.press("Enter")
    offline.type("two@example.com, three@example.com")
    offline.press("Tab")
    expect(tokens(page, "id_offline_to")).to_have_text(
        ["service@example.com", "two@example.com", "three@example.com"]
    )
    page.get_by_role("button", name="Remove two@example.com").click()
    expect(offline).to_be_focused()
    offline.press("Backspace")
    expect(tokens(page, "id_offline_to")).to_have_text(["service@example.com"])
    expect(unsaved).to_be_visible()

    panel = page.locator("#notify-missed")
    panel.get_by_text("Further addresses for single groups").click()
    panel.get_by_label("Repairs").fill("repairs@example.com")
    panel.get_by_label("Wait before sending").select_option("15")
    saved(page)

    expect(page.get_by_text("notifications are saved")).to_be_visible()
    expect(page.locator("#id_missed_delay")).to_have_value("15")
    expect(unsaved).to_be_hidden()
    assert desk.shell.run(RECIPIENTS, account=desk.account) == [
        ["missed", "Repairs", "repairs@example.com"],
        ["offline", None, "service@example.com"],
    ]
    assert violations(page) == []


@VIEWPORTS
def test_wrong_address_is_marked_where_it_stands(desk, viewport, dark, new_page):
    new_page.forgive("422")
    page = desk.sign_in(desk.anna, ACCOUNT, viewport=viewport, dark=dark)
    field = page.locator("#id_missed_to")
    field.fill("right@example.com nonsense")

    saved(page)

    expect(page.get_by_text("“nonsense” is not an e-mail address.")).to_be_visible()
    expect(page.locator(".token--bad")).to_have_text(["nonsense"])
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby")
    assert "id_missed_to_error" in described.split()
    assert violations(page) == []

    page.get_by_role("button", name="Remove nonsense").click()
    saved(page)
    expect(tokens(page, "id_missed_to")).to_have_text(["right@example.com"])


def test_changes_can_be_discarded(desk):
    page = desk.sign_in(desk.anna, ACCOUNT, viewport=WIDE)
    page.locator("#id_offline_to").fill("a@example.com")
    page.locator("#id_offline_to").press("Enter")
    page.get_by_role("switch", name="Offline message").uncheck()

    page.get_by_role("button", name="Discard").click()

    expect(tokens(page, "id_offline_to")).to_have_count(0)
    expect(page.get_by_role("switch", name="Offline message")).to_be_checked()
    expect(page.get_by_text("Unsaved changes")).to_be_hidden()


def test_test_mail_keeps_what_is_not_saved(desk):
    page = desk.sign_in(desk.anna, ACCOUNT, viewport=WIDE)
    page.locator("#id_offline_to").fill("a@example.com")

    page.locator("#notify-missed").get_by_role("button", name="Send test").click()

    toast = page.locator(".toast", has_text=desk.anna["email"])
    expect(toast).to_be_visible()
    expect(tokens(page, "id_offline_to")).to_have_text(["a@example.com"])
    expect(page.get_by_text("Unsaved changes")).to_be_visible()


def test_preview_opens_beside_the_page(desk):
    page = desk.sign_in(desk.anna, ACCOUNT, viewport=WIDE)

    with page.context.expect_page() as opened:
        page.locator("#notify-offline").get_by_role("link", name="Preview").click()

    mail = opened.value
    expect(mail.locator("h1")).to_be_visible()
    assert mail.evaluate("document.querySelectorAll('script').length") == 0


@VIEWPORTS
def test_agent_chooses_by_keyboard(desk, viewport, dark):
    page = desk.sign_in(desk.jonas, OWN, viewport=viewport, dark=dark)
    assert violations(page) == []
    expect(page.get_by_text("Daily summary")).to_have_count(0)

    box = page.get_by_role("checkbox", name="New message: Browser")
    box.focus()
    box.press("Space")
    box.press("Tab")
    sound = page.get_by_role("checkbox", name="New message: Sound")
    expect(sound).to_be_focused()
    sound.press("Space")
    page.get_by_label("From").fill("21:30")
    page.get_by_label("Until").fill("06:00")
    page.get_by_label("Until").press("Enter")

    expect(page.get_by_text("Your notifications are saved.")).to_be_visible()
    expect(box).not_to_be_checked()
    assert desk.shell.run(PREFERENCES, pk=desk.jonas["pk"]) == [
        ["offline", "missed", "assigned", "mentioned"],
        ["offline", "missed", "assigned", "mentioned"],
        ["assigned", "mentioned"],
        "21:30:00",
        False,
    ]
    app = page.locator(".app")
    expect(app).to_have_attribute("data-quiet", "21:30-06:00")
    expect(app).to_have_attribute("data-sound", "assigned mentioned")


@VIEWPORTS
def test_states_of_the_browser_are_readable(desk, viewport, dark):
    page = desk.sign_in(desk.anna, OWN, viewport=viewport, dark=dark)

    for state in ("default", "granted", "denied", "unsupported"):
        page.evaluate(
            "shown => document.querySelectorAll('[data-notify-state]').forEach("
            "part => { part.hidden = part.dataset.notifyState !== shown; })",
            state,
        )
        assert violations(page) == []


def test_nothing_overflows_in_either_page(desk):
    for width in (320, 390, 820, 1024, 1440):
        page = desk.sign_in(
            desk.anna, ACCOUNT, viewport={"width": width, "height": 800}
        )
        for path in (ACCOUNT, OWN, "/settings/hours/"):
            page.goto(desk.stack.url + path)
            scrolls = page.locator(".page").evaluate(
                "page => page.scrollWidth > page.clientWidth"
            )
            assert not scrolls, (width, path)
            # The page scrolls within, the document around it does not.
            document = page.locator(":root").evaluate(
                "root => root.scrollHeight > root.clientHeight"
            )
            assert not document, (width, path)


def test_pages_work_without_script(desk):
    page = desk.new_page(java_script_enabled=False)
    page.goto(f"{desk.stack.url}/accounts/login/")
    page.locator("[name=login]").fill(desk.anna["email"])
    page.locator("[name=password]").fill("correct horse battery staple")
    page.locator("[name=password]").press("Enter")
    page.goto(desk.stack.url + ACCOUNT)

    page.get_by_label("Send to further addresses").first.fill(
        "a@example.com\nb@example.com"
    )
    saved(page)
    page.locator("#notify-offline").get_by_role("button", name="Send test").click()

    expect(page.get_by_text("on its way to")).to_be_visible()
    assert [row[2] for row in desk.shell.run(RECIPIENTS, account=desk.account)] == [
        "a@example.com",
        "b@example.com",
    ]
