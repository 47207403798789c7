"""Tags by hand: the editor on the card, live on every page, and the settings."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SCREENSHOTS
from tests.browser.test_accessibility import WIDE, violations

TAGS = """
account = Account.objects.get(pk=account)
result = [services.create_tag(account=account, name=name).pk for name in names]
"""
VIEWPORTS = pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)


def make_tags(desk, *names):
    return desk.shell.run(TAGS, account=desk.account, names=list(names))


def shows(page, *names):
    """And is ready: for a moment htmx does not know the forms that it put in."""
    tags = page.locator("#tag-list:not(.htmx-settling) .tag")
    expect(tags).to_have_text(list(names))


def options(page):
    return page.locator("#tag-options [role=option]:visible")


def active(page):
    return page.locator("#tag-options [role=option].is-active")


def test_tags_are_found_made_and_removed_by_keyboard(desk, seen):
    make_tags(desk, "Complaint", "Rücksendung", "Spare part")
    id = desk.conversation("Ada")
    page = desk.sign_in(desk.anna, viewport=WIDE)
    seen(page).open(id)

    page.keyboard.press("t")
    field = page.get_by_role("combobox", name="Find or create a tag")
    expect(field).to_be_focused()
    expect(options(page)).to_have_text(["Complaint", "Rücksendung", "Spare part"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(active(page)).to_have_text("Rücksendung")
    page.keyboard.press("ArrowUp")
    expect(active(page)).to_have_text("Complaint")
    page.keyboard.press("Enter")
    shows(page, "Complaint")

    expect(options(page)).to_have_text(["Rücksendung", "Spare part"])
    page.keyboard.type("ruck")
    expect(active(page)).to_have_text("Rücksendung")
    page.keyboard.press("Enter")
    shows(page, "Complaint", "Rücksendung")
    expect(field).to_have_value("")

    page.keyboard.type("Advice")
    expect(options(page)).to_have_text(["Create “Advice”"])
    page.keyboard.press("Enter")
    shows(page, "Advice", "Complaint", "Rücksendung")
    expect(field).to_be_focused()

    page.keyboard.press("Backspace")
    shows(page, "Advice", "Complaint")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(page.locator("#tag-editor summary")).to_be_focused()

    page.get_by_role("button", name="Remove tag Advice").press("Enter")
    shows(page, "Complaint")
    expect(page.get_by_role("button", name="Remove tag Complaint")).to_be_focused()
    expect(page.locator("#log .event").last).to_contain_text("removed the tag Advice")


def test_refusal_is_said_and_what_was_typed_stays(desk, seen, new_page):
    new_page.forgive("status of 409")
    id = desk.conversation("Ada")
    [tag] = make_tags(desk, "Complaint")
    page = desk.sign_in(desk.anna, viewport=WIDE)
    seen(page).open(id)
    page.keyboard.press("t")
    expect(options(page)).to_have_count(1)
    archive = "from conversations.models import Tag\nt = Tag.objects.get(pk=tag)\n"
    archive += "services.archive_tag(tag=t, by=User.objects.get(pk=by))"
    desk.on(id, archive, tag=tag, by=desk.anna["pk"])

    page.keyboard.type("compl")
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("is archived")
    expect(page.locator("#tag-name")).to_have_value("compl")
    shows(page)


def test_colleague_sees_tags_come_and_go(desk, seen):
    one = desk.conversation("Ada")
    anna, jonas = desk.sign_in(desk.anna, viewport=WIDE), desk.sign_in(desk.jonas)
    seen(anna).open(one)
    seen(jonas).open(one)
    row = seen(jonas).row(one)

    anna.keyboard.press("t")
    for name in ("Alpha", "Bravo", "Charly"):
        anna.locator("#tag-name").fill(name)
        anna.keyboard.press("Enter")
        expect(anna.locator("#tag-list .tag", has_text=name)).to_be_visible()

    expect(jonas.locator("#tag-list .tag")).to_have_text(["Alpha", "Bravo", "Charly"])
    # One and a number: how long Ada waits stands beside them.
    expect(row.locator(".tag")).to_have_text(["Alpha"])
    expect(row.locator(".conv__more")).to_have_text("+2")
    anna.get_by_role("button", name="Remove tag Bravo").click()
    expect(row.locator(".conv__more")).to_have_text("+1")
    expect(jonas.locator("#tag-list .tag")).to_have_text(["Alpha", "Charly"])


def test_what_is_typed_stays_while_a_colleague_tags(desk, seen):
    id = desk.conversation("Ada")
    [tag] = make_tags(desk, "Complaint")
    page = desk.sign_in(desk.anna, viewport=WIDE)
    seen(page).open(id)
    page.keyboard.press("t")
    page.keyboard.type("half a wo")

    code = "from conversations.models import Tag\n"
    code += "services.tag_conversation(conversation_id=c.pk,"
    code += " tag=Tag.objects.get(pk=tag), agent=None)"
    desk.on(id, code, tag=tag)

    shows(page, "Complaint")
    expect(page.locator("#tag-name")).to_be_focused()
    expect(page.locator("#tag-name")).to_have_value("half a wo")


def test_tags_change_with_the_conversation_of_one_visitor(desk, seen):
    id = desk.conversation("Ada")
    other = desk.on(
        id,
        "d = make.make_conversation(c.account, visitor=c.visitor)\n"
        "services.tag_conversation_by_name(conversation_id=d.pk, name='Second',"
        " agent=User.objects.get(pk=by))\nresult = str(d.public_id)",
        by=desk.anna["pk"],
    )
    page = desk.sign_in(desk.anna, viewport=WIDE)
    seen(page).open(id)
    shows(page)

    seen(page).open(other)
    shows(page, "Second")
    page.keyboard.press("t")
    page.keyboard.type("Third")
    page.keyboard.press("Enter")
    shows(page, "Second", "Third")
    seen(page).open(id)

    shows(page)


@VIEWPORTS
def test_editor_is_accessible_and_fits(desk, seen, viewport, dark):
    make_tags(
        desk, "Complaint", "Rücksendung", "A name of forty letters is rather long.."
    )
    id = desk.conversation("Katharina Vogt")
    page = desk.sign_in(desk.anna, viewport=viewport, dark=dark)
    seen(page).open(id)

    page.keyboard.press("t")
    for name in ("Complaint", "A name of forty", "Rück"):
        page.locator("#tag-name").fill(name)
        expect(active(page)).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#tag-list .tag", has_text=name)).to_be_visible()
    page.locator("#tag-name").fill("o")
    expect(options(page).last).to_contain_text("Create")

    assert violations(page) == []
    width = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(width) <= 0
    page.screenshot(path=SCREENSHOTS / f"tags-editor-{viewport['width']}.png")
    page.keyboard.press("Escape")
    page.screenshot(path=SCREENSHOTS / f"tags-card-{viewport['width']}.png")


def test_tags_without_script(desk, stack):
    id = desk.conversation("Ada")
    signed_in = desk.sign_in(desk.anna)
    plain = desk.new_page(
        java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    plain.goto(f"{stack.url}/conversations/{id}/")

    plain.locator("#tag-editor summary").click()
    plain.locator("#tag-name").fill("By hand")
    plain.locator("#tag-form").get_by_role("button", name="Add").click()
    shows(plain, "By hand")
    plain.get_by_role("button", name="Remove tag By hand").click()
    shows(plain)


@VIEWPORTS
def test_settings_by_hand(desk, new_page, viewport, dark):
    new_page.forgive("status of 422")
    make_tags(desk, "Complaint", "Complain", "Advice")
    page = desk.sign_in(desk.anna, "/settings/tags/", viewport=viewport, dark=dark)
    assert violations(page) == []
    page.screenshot(path=SCREENSHOTS / f"tags-settings-{viewport['width']}.png")

    new = page.get_by_role("form", name="New tag")
    new.get_by_label("Name").fill("Spare part")
    new.get_by_label("Violet").check(force=True)
    new.get_by_role("button", name="Create tag").click()
    heads = page.locator(".tag-row__head > .tag")
    expect(heads).to_have_text(["Advice", "Complain", "Complaint", "Spare part"])
    expect(heads.last).to_have_attribute("data-hue", "7")

    page.locator("summary", has_text="Complain").first.click()
    row = page.locator(".tag-row:has(details[open])")
    assert violations(page) == []
    page.screenshot(
        path=SCREENSHOTS / f"tags-settings-open-{viewport['width']}.png", full_page=True
    )
    row.get_by_label("Name").fill("ADVICE")
    row.get_by_role("button", name="Save").click()
    expect(row.locator(".field__error")).to_contain_text("already")
    row.get_by_label("Merge into").select_option("Complaint")
    row.get_by_role("button", name="Merge").click()
    expect(heads).to_have_text(["Advice", "Complaint", "Spare part"])

    page.locator("summary", has_text="Advice").click()
    row.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="Archived")).to_be_visible()
    width = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(width) <= 0
