"""The search above the list, as an agent uses it: by mouse, by keyboard, by phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, ROUTED, SCREENSHOTS
from tests.browser.test_accessibility import violations

WIDE = {"width": 1440, "height": 900}
RATE = (
    "Conversation.objects.filter(pk=c.pk)"
    ".update(rating=rating, status='resolved', language='de')"
)


@pytest.fixture
def rated(desk):
    """Three that are resolved: two are rated, the one on top is not."""
    ids = {
        name: desk.conversation(name, text)
        for name, text in (
            ("Theo Kranz", "Der Mahlstein der Mühle schleift."),
            ("Lena Voss", "Danke, alles gut!"),
            ("Ida Brandt", "Where is my parcel?"),
        )
    }
    for name, rating in (("Theo Kranz", 1), ("Lena Voss", 5), ("Ida Brandt", None)):
        desk.on(ids[name], RATE, rating=rating)
    return ids


def panel(page):
    return page.locator("#advanced")


def rating(page, label):
    return panel(page).locator(".segmented label", has_text=label)


def chips(page):
    return page.locator(".search__chips .token")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_filters_are_applied_taken_back_and_reset(desk, rated, seen, viewport, dark):
    page = desk.sign_in(desk.anna, "/?status=resolved", viewport=viewport, dark=dark)
    expect(panel(page)).to_be_hidden()
    page.locator("[data-search-panel]").click()
    expect(panel(page)).to_be_visible()
    rating(page, "Bad").click()
    rating(page, "Good").click()
    panel(page).get_by_label("IP address").fill("")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = f"search-{viewport['width']}-{'dark' if dark else 'light'}"
    page.screenshot(path=SCREENSHOTS / f"{name}-panel.png")
    assert violations(page) == []

    panel(page).get_by_role("button", name="Apply").click()

    seen(page).rows(rated["Lena Voss"], rated["Theo Kranz"])
    expect(page).to_have_url(re.compile(r"\?status=resolved&rating=5&rating=1$"))
    expect(page.locator("#found")).to_have_text("2 conversations found")
    expect(chips(page)).to_have_text(["Rating: Good, Bad"])
    page.screenshot(path=SCREENSHOTS / f"{name}-found.png")
    assert violations(page) == []
    chips(page).first.get_by_role("link").click()
    expect(chips(page)).to_have_count(0)
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(3)

    page.goto(f"{desk.stack.url}/?status=resolved&rating=5&ip=203.0.&panel=1")
    expect(chips(page)).to_have_count(2)
    panel(page).get_by_role("link", name="Reset").click()
    expect(page).to_have_url(re.compile(r"/\?status=resolved$"))
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(3)


def test_everything_can_be_done_by_keyboard(desk, rated, seen):
    page = desk.sign_in(desk.anna, "/?status=resolved")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[data-search-panel]")).to_be_focused()
    page.keyboard.press("Space")
    expect(panel(page)).to_be_visible()
    expect(rating(page, "Good").locator("input")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    seen(page).rows(rated["Lena Voss"])
    expect(chips(page)).to_have_text(["Rating: Good"])


def test_search_of_open_comes_with_the_slash_key(desk, seen):
    id = desk.conversation("Theo Kranz")
    page = desk.sign_in(desk.anna)
    expect(page.locator("#search")).to_be_hidden()

    page.keyboard.press("/")

    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("parcel")
    desk.shell.run(
        "from django.utils import timezone\n"
        "services.update_documents(now=timezone.now())"
    )
    page.keyboard.press("Enter")
    seen(page).rows(id)
    expect(page.locator("#found")).to_have_text("1 conversation found")


def test_choices_of_a_field_are_searched_for_together(desk, seen):
    sales = desk.conversation("Theo Kranz", group="repairs")
    other = desk.conversation("Lena Voss", group="wholesale")
    desk.conversation("Ida Brandt")
    page = desk.sign_in(desk.anna, "/?panel=1")
    page.locator("#f-group").click()
    for name in ("Repairs", "Wholesale"):
        page.locator("#advanced .menu__item", has_text=name).click()
    page.screenshot(path=SCREENSHOTS / "search-choice.png")
    page.keyboard.press("Escape")
    expect(page.locator("#advanced .menu__item", has_text="Repairs")).to_be_hidden()

    panel(page).get_by_role("button", name="Apply").click()

    seen(page).rows(other, sales)
    expect(chips(page)).to_have_text(["Group: Repairs, Wholesale"])


def test_back_brings_the_former_list(desk, rated, seen):
    page = desk.sign_in(desk.anna, "/?status=resolved")
    page.locator("[data-search-panel]").click()
    rating(page, "Bad").click()
    panel(page).get_by_role("button", name="Apply").click()
    seen(page).rows(rated["Theo Kranz"])

    page.go_back()

    expect(page).to_have_url(re.compile(r"/\?status=resolved$"))
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(3)
    expect(chips(page)).to_have_count(0)
    page.go_forward()
    seen(page).rows(rated["Theo Kranz"])
    expect(chips(page)).to_have_text(["Rating: Bad"])


def test_list_that_is_renewed_meanwhile_swallows_no_search(desk, rated, seen):
    page = desk.sign_in(desk.anna, "/?status=resolved", **ROUTED)
    waiting = []
    page.route(re.compile("rating="), lambda route: waiting.append(route), times=1)
    page.locator("[data-search-panel]").click()
    rating(page, "Bad").click()
    with page.expect_request(re.compile("rating=")):
        panel(page).get_by_role("button", name="Apply").click()

    # As when the connection comes back: the list that was shown before has changed.
    urgent = "Conversation.objects.filter(pk=c.pk).update(priority=2)"
    desk.on(rated["Lena Voss"], urgent)
    with page.expect_response(
        lambda response: response.url.endswith("?status=resolved")
    ):
        page.evaluate(
            "import('/static/supportdesk/js/list.js').then(({ refresh }) => refresh())"
        )
    page.wait_for_timeout(500)
    waiting.pop().continue_()

    seen(page).rows(rated["Theo Kranz"])
    expect(chips(page)).to_have_text(["Rating: Bad"])


def test_search_keeps_the_conversation_that_is_open(desk, rated, seen):
    page = desk.sign_in(
        desk.anna, f"/conversations/{rated['Ida Brandt']}/?status=resolved"
    )
    page.locator("[data-search-panel]").click()
    rating(page, "Bad").click()
    panel(page).get_by_role("button", name="Apply").click()

    seen(page).rows(rated["Theo Kranz"])
    seen(page).messages("Where is my parcel?")
    expect(page).to_have_url(re.compile(rated["Ida Brandt"]))


def test_what_is_being_filled_in_stays_when_the_list_is_fetched_anew(desk, seen):
    page = desk.sign_in(desk.anna)
    page.keyboard.press("/")
    page.locator("[data-search-panel]").click()
    rating(page, "Bad").click()
    panel(page).get_by_label("IP address").press_sequentially("203.0.")

    # The first row of an empty list comes with all of the list.
    id = desk.conversation("Theo Kranz")

    seen(page).rows(id)
    expect(panel(page).get_by_label("IP address")).to_have_value("203.0.")
    expect(panel(page).get_by_label("IP address")).to_be_focused()
    expect(rating(page, "Bad").locator("input")).to_be_checked()
    expect(page.locator("[data-search-show]")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_text(["Rating: Bad", "IP address: 203.0."])


def test_what_is_pushed_does_not_enter_what_was_searched(desk, seen):
    found = desk.conversation("Theo Kranz")
    desk.on(found, "Conversation.objects.filter(pk=c.pk).update(rating=1)")
    page = desk.sign_in(desk.anna, "/?rating=1")
    seen(page).rows(found)

    other = desk.conversation("Lena Voss")
    desk.visitor_writes(found, "Still there?")

    expect(page.locator(f"#conv-{found}")).to_contain_text("Still there?")
    seen(page).counts(all=2)
    expect(page.locator(f"#conv-{other}")).to_have_count(0)
    seen(page).rows(found)


def test_it_is_a_form_without_a_script(desk, rated, seen):
    signed_in = desk.sign_in(desk.anna, "/?status=resolved")
    state = signed_in.context.storage_state()
    page = desk.new_page(java_script_enabled=False, storage_state=state)
    page.goto(f"{desk.stack.url}/?status=resolved")
    page.get_by_role("button", name="Advanced search").click()
    expect(panel(page)).to_be_visible()
    rating(page, "Good").click()
    page.locator("#q").fill("")
    panel(page).get_by_role("button", name="Apply").click()

    seen(page).rows(rated["Lena Voss"])
    chips(page).get_by_role("link").click()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(3)


def test_a_view_is_kept_counted_renamed_and_deleted(desk, rated, seen):
    page = desk.sign_in(desk.anna, "/?status=resolved&rating=1", viewport=WIDE)
    page.locator("#view-menu > summary").click()
    page.locator("#view-menu").get_by_label("Name").fill("Complaints")
    page.locator("#view-menu").get_by_label("For the whole team").check()
    page.screenshot(path=SCREENSHOTS / "view-menu.png")
    assert violations(page) == []
    page.locator("#view-menu").get_by_role("button", name="Save").click()

    view = page.locator("#views a")
    expect(view).to_have_attribute("aria-current", "true")
    expect(view.locator(".count")).to_have_text("1")
    expect(page.locator("#view-menu > summary")).to_have_text("Complaints")
    page.screenshot(path=SCREENSHOTS / "view-saved.png")
    assert violations(page) == []
    chips(page).get_by_role("link").click()
    expect(page.locator("#conv-list > .conv[id]")).to_have_count(3)
    expect(view).not_to_have_attribute("aria-current", "true")
    view.click()
    seen(page).rows(rated["Theo Kranz"])
    page.locator("#view-menu > summary").click()
    page.locator("#view-menu").get_by_label("Name").fill("Angry ones")
    page.locator("#view-menu").get_by_role("button", name="Rename").click()
    expect(view).to_contain_text("Angry ones")
    page.locator("#view-menu > summary").click()
    page.locator("#view-menu").get_by_role("button", name="Delete").click()
    expect(page.locator("#views")).to_have_count(0)


def test_views_are_in_the_menu_of_the_list_by_phone(desk, rated, seen):
    desk.shell.run(
        "services.save_view(agent=User.objects.get(pk=pk), name='Complaints',"
        " query='status=resolved&rating=1')",
        pk=desk.anna["pk"],
    )
    page = desk.sign_in(desk.anna, "/?status=resolved", viewport=PHONE)
    page.locator("#list-menu > summary").click()
    page.screenshot(path=SCREENSHOTS / "view-phone.png")
    assert violations(page) == []

    page.locator("#list-menu .menu__item", has_text="Complaints").click()

    seen(page).rows(rated["Theo Kranz"])


def test_hits_are_marked_in_the_rows(desk, seen):
    id = desk.conversation("Theo Kranz", "Guten Tag! Der Mahlstein der Mühle schleift.")
    desk.shell.run(
        "from django.utils import timezone\n"
        "services.update_documents(now=timezone.now())"
    )
    page = desk.sign_in(desk.anna, "/?q=mahlstein", viewport=WIDE)

    expect(page.locator(f"#conv-{id} mark")).to_have_text("Mahlstein")
    page.screenshot(path=SCREENSHOTS / "search-hits.png")
    assert violations(page) == []
