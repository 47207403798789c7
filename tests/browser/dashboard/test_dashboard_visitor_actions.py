"""Blocking, merging and erasing from the card, with a colleague looking on."""

import re

from playwright.sync_api import expect

PROFILE = """
account = Account.objects.get(pk=account)
visitor = make.make_visitor(account, name=name, phone="+49 176 1234567")
conversation = make.make_conversation(account, visitor=visitor, text="Second browser")
result = [str(visitor.public_id), str(conversation.public_id)]
"""


def choose(page, label):
    page.locator("#visitor-menu summary").click()
    page.locator("#visitor-menu").get_by_text(label).click()


def test_visitor_is_blocked_and_unblocked_from_the_card(desk, seen):
    id = desk.conversation("Katharina Vogt")
    anna = desk.sign_in(desk.anna, f"/conversations/{id}/")

    choose(anna, "Block visitor…")
    anna.get_by_label("Reason").fill("Spam")
    anna.get_by_role("button", name="Block").click()

    state = anna.locator("#visitor-state")
    expect(state).to_contain_text("Blocked")
    expect(state).to_contain_text("Spam")
    expect(anna.locator("#log")).to_contain_text("Anna Berger blocked the visitor")
    state.get_by_role("button", name="Unblock").click()
    expect(anna.locator("#log")).to_contain_text("Anna Berger lifted the block")
    expect(state).to_be_empty()


def test_profiles_are_found_compared_merged_and_parted(desk, seen):
    id = desk.conversation("Katharina Vogt")
    _other, theirs = desk.shell.run(PROFILE, account=desk.account, name="K. Vogt")
    anna = desk.sign_in(desk.anna, f"/conversations/{id}/")
    colleague = seen(desk.sign_in(desk.anna))
    name = colleague.row(theirs).locator(".conv__name")
    expect(name).to_have_text("K. Vogt")

    choose(anna, "Merge with another profile…")
    # Found while it is typed.
    search = anna.get_by_role("searchbox", name="Search profiles")
    # Once the page listens.
    anna.wait_for_load_state("load")
    anna.wait_for_function(
        "document.querySelector('[role=search]')['htmx-internal-data']"
    )
    search.press_sequentially("0176 1234567")
    found = anna.locator("#merge-found .rows__item")
    expect(found).to_have_count(1)
    found.get_by_text("Compare").click()
    expect(anna.locator(".compare")).to_contain_text("+49 176 1234567")
    anna.get_by_role("button", name="Merge profiles").click()

    expect(anna.locator("#visitor-state")).to_contain_text("Merged with K. Vogt")
    expect(name).to_have_text("Katharina Vogt")
    anna.locator("#visitor-state").get_by_role("button", name="Undo").click()
    expect(anna.locator("#visitor-state")).to_be_empty()
    expect(name).to_have_text("K. Vogt")


def test_erased_visitor_leaves_the_colleagues_screen(desk, seen, new_page):
    new_page.forgive_card()
    id = desk.conversation("Katharina Vogt")
    anna = desk.sign_in(desk.anna, f"/conversations/{id}/")
    colleague = seen(desk.sign_in(desk.anna))
    colleague.open(id)

    choose(anna, "Erase…")
    expect(anna.locator(".erased")).to_contain_text("1 conversation, 1 message")
    anna.get_by_role("button", name="Erase for good").click()

    expect(anna.locator("#toasts")).to_contain_text("The visitor is erased.")
    colleague.rows()
    expect(colleague.page.locator("#log")).to_have_count(0)
    colleague.counts(all=0)


def test_everything_works_without_script(desk, new_page):
    id = desk.conversation("Katharina Vogt")
    context = desk.sign_in(desk.anna).context
    page = new_page(java_script_enabled=False, storage_state=context.storage_state())
    page.goto(f"{desk.stack.url}/conversations/{id}/")

    choose(page, "Block visitor…")
    page.get_by_role("button", name="Block").click()
    expect(page).to_have_url(re.compile(id))
    page.goto(f"{desk.stack.url}/conversations/{id}/visitor/state/")
    page.get_by_role("button", name="Unblock").click()
    expect(page.locator("#log")).to_contain_text("Anna Berger lifted the block")
    choose(page, "Erase…")
    page.get_by_role("button", name="Erase for good").click()

    expect(page.locator(f"#conv-{id}")).to_have_count(0)
