"""Two conversations are joined, or one is split, while agents look on and write."""

import re

from playwright.sync_api import expect

SAME_VISITOR = """
other = make.make_conversation(c.account, visitor=c.visitor, text=text)
result = str(other.public_id)
"""
JOIN = """
other = Conversation.objects.get(public_id=merged)
agent = User.objects.get(pk=pk)
services.join_conversations(kept_id=c.pk, merged_id=other.pk, agent=agent)
"""


SPLIT = """
agent = User.objects.get(pk=pk)
matter = c.messages.get(text=text)
result = str(services.split_conversation(message=matter, agent=agent).public_id)
"""


def box(agent):
    return agent.page.locator("#composer .composer__text")


def test_pages_of_both_go_on_with_the_joined_thread(desk, seen):
    kept = desk.conversation("Katharina Vogt")
    merged = desk.on(kept, SAME_VISITOR, text="And my invoice?")
    desk.visitor_writes(kept, "Number 1042")
    anna, jonas = seen(desk.sign_in(desk.anna)), seen(desk.sign_in(desk.jonas))
    anna.open(kept)
    box(anna).fill("One moment")
    jonas.open(merged)
    box(jonas).fill("I will look")

    desk.on(kept, JOIN, merged=merged, pk=desk.anna["pk"])

    for agent, draft in ((anna, "One moment"), (jonas, "I will look")):
        agent.messages("Where is my parcel?", "And my invoice?", "Number 1042")
        expect(box(agent)).to_have_value(draft)
        expect(agent.page).to_have_url(re.compile(kept))
        agent.rows(kept)
        agent.counts(all=1)
    expect(jonas.page.locator("#toasts")).to_contain_text("part of another one now")

    box(jonas).press("Control+Enter")

    for agent in (anna, jonas):
        agent.messages(
            "Where is my parcel?", "And my invoice?", "Number 1042", "I will look"
        )
    expect(box(anna)).to_have_value("One moment")


def test_agent_joins_and_splits_by_keyboard(desk, seen):
    kept = desk.conversation("Katharina Vogt", assigned=[desk.anna])
    merged = desk.on(kept, SAME_VISITOR, text="And my invoice?")
    jonas = seen(desk.sign_in(desk.jonas))
    jonas.open(kept)
    page = desk.sign_in(desk.anna, f"/conversations/{kept}/")
    anna = seen(page)
    page.locator("#more-actions > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Join with another conversation…").focus()
    page.keyboard.press("Enter")
    page.get_by_label("The one from which you came").check()
    page.get_by_role("button", name="Join").click()

    expect(page).to_have_url(re.compile(kept))
    for agent in (anna, jonas):
        agent.messages("Where is my parcel?", "And my invoice?")
    page.goto(f"{desk.stack.url}/conversations/{merged}/")
    expect(page).to_have_url(re.compile(kept))

    menu = page.locator(".msg", has_text="And my invoice?").locator(".msg__menu")
    menu.locator("summary").focus()
    expect(menu).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Split off").click()

    anna.messages("And my invoice?")
    expect(page).not_to_have_url(re.compile(kept))
    jonas.messages("Where is my parcel?")
    expect(jonas.page.locator("#log")).to_contain_text("split off what came after this")
    expect(jonas.page.locator("#conv-list > .conv[id]")).to_have_count(2)


def test_page_that_missed_it_notices_by_itself(desk, seen, new_page):
    new_page.forgive_network()
    kept = desk.conversation("Katharina Vogt")
    merged = desk.on(kept, SAME_VISITOR, text="And my invoice?")
    desk.visitor_writes(kept, "Number 1042")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(kept)
    anna.page.context.set_offline(True)
    anna.page.evaluate("dispatchEvent(new Event('offline'))")

    desk.on(kept, JOIN, merged=merged, pk=desk.anna["pk"])
    anna.page.context.set_offline(False)
    anna.page.evaluate("dispatchEvent(new Event('online'))")

    anna.messages("Where is my parcel?", "And my invoice?", "Number 1042")


def test_draft_from_before_a_split_is_told_of_what_came_after_it(desk, seen):
    first = desk.conversation("Katharina Vogt", "One", group="repairs")
    other = desk.conversation("Oliver Whitcombe", "Eins", group="repairs")
    for text in ("Two", "Another thing", "Hello?", "Anybody?"):
        desk.visitor_writes(first, text)
    jonas = seen(desk.sign_in(desk.jonas))
    jonas.open(first)
    jonas.messages("One", "Two", "Another thing", "Hello?", "Anybody?")
    box(jonas).fill("It was lost")
    jonas.open(other)

    desk.on(first, SPLIT, pk=desk.anna["pk"], text="Another thing")
    desk.agent_writes(first, desk.anna, "It was sent today")
    jonas.open(first)

    notice = jonas.page.locator("#meanwhile")
    expect(box(jonas)).to_have_value("It was lost")
    expect(notice).to_contain_text("Anna Berger answered meanwhile.")
    expect(notice).to_contain_text("It was sent today")

    # Begun by the numbers of now, also after the page was loaded anew.
    jonas.page.reload()
    expect(notice).to_contain_text("It was sent today")
    box(jonas).fill("")
    expect(notice).to_be_hidden()


def test_page_that_missed_a_split_is_told_what_was_answered_since(desk, seen, new_page):
    # What it has read it may say at the wrong moment.
    new_page.forgive("ERR_INTERNET_DISCONNECTED")
    first = desk.conversation("Katharina Vogt", "One", group="repairs")
    for text in ("Another thing", "Hello?", "Anybody?"):
        desk.visitor_writes(first, text)
    jonas = seen(desk.sign_in(desk.jonas))
    jonas.open(first)
    jonas.messages("One", "Another thing", "Hello?", "Anybody?")
    box(jonas).fill("It was lost")
    jonas.page.context.set_offline(True)
    jonas.page.evaluate("dispatchEvent(new Event('offline'))")

    desk.on(first, SPLIT, pk=desk.anna["pk"], text="Another thing")
    desk.agent_writes(first, desk.anna, "It was sent today")
    jonas.page.context.set_offline(False)
    jonas.page.evaluate("dispatchEvent(new Event('online'))")

    jonas.messages("One", "It was sent today")
    expect(box(jonas)).to_have_value("It was lost")
    expect(jonas.page.locator("#meanwhile")).to_contain_text("It was sent today")
