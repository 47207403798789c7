"""The search of Open, live: what comes, what is put off, and the way back."""

import re

from playwright.sync_api import expect

from tests.browser.test_accessibility import violations

RATE = """
from conversations.models import Conversation
Conversation.objects.filter(pk=c.pk).update(rating=1)
"""
SNOOZE = """
from datetime import timedelta
from django.utils import timezone
agent = User.objects.get(pk=pk)
until = timezone.now() + timedelta(hours=3)
services.snooze_conversation(conversation_id=c.pk, until=until, agent=agent)
"""


def test_search_holds_what_it_found_until_that_is_put_off(desk, seen):
    first = desk.conversation("Sofia Lindqvist")
    second = desk.conversation("Oliver Whitcombe")
    third = desk.conversation("Emre Güneş")
    for id in (first, second):
        desk.on(id, RATE)
    anna = seen(desk.sign_in(desk.anna))
    anna.rows(third, second, first)

    anna.page.keyboard.press("/")
    expect(anna.page.locator("#q")).to_be_focused()
    anna.page.get_by_role("button", name="Advanced search").click()
    anna.page.get_by_role("group", name="Rating").get_by_label("Bad").check()
    anna.page.get_by_role("button", name="Apply").click()

    anna.rows(second, first)
    expect(anna.page).to_have_url(re.compile(r"\?rating=1$"))
    expect(anna.page.locator("#found")).to_have_text("2 conversations found")
    assert violations(anna.page) == []

    # A new one is in no search before the server has looked.
    desk.conversation("Theo Kranz")
    desk.visitor_writes(first, "Hello?")
    anna.rows(first, second)
    anna.counts(open=4)

    desk.on(first, SNOOZE, pk=desk.anna["pk"])

    anna.rows(second)
    chips = anna.page.get_by_role("group", name="Active filters")
    chips.get_by_role("link", name=re.compile("Remove filter: Rating")).click()
    expect(anna.page.locator("#conv-list > .conv[id]")).to_have_count(3)
