"""The chat widget while its conversation is joined with another one, and split."""

from playwright.sync_api import expect

from tests.browser.visiting import bubbles, write

EARLIER = """
from datetime import timedelta
from conversations.models import Message
from tests import factories
former = factories.make_conversation(
    channel=latest.channel, visitor=latest.visitor, text="Do you ship to Norway?"
)
earlier = latest.created_at - timedelta(hours=1)
former.messages.update(created_at=earlier)
"""


def test_thread_is_what_the_desk_makes_of_it(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    desk.answer("Good morning!")
    expect(bubbles(page)).to_have_count(2)

    desk.do(
        EARLIER
        + "services.join_conversations("
        + "kept_id=former.pk, merged_id=latest.pk, agent=owner)"
    )

    for index, text in enumerate(["Do you ship to Norway?", "Hello", "Good morning!"]):
        expect(bubbles(page).nth(index)).to_contain_text(text)
    expect(bubbles(page)).to_have_count(3)
    write(page, "Thanks")
    expect(bubbles(page)).to_have_count(4)
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    desk.do(
        "message = latest.messages.get(text='Thanks')\n"
        "services.split_conversation(message=message, agent=owner)"
    )

    expect(bubbles(page)).to_have_text(["Thanks"])
    write(page, "And now?")
    expect(bubbles(page)).to_have_text(["Thanks", "And now?"])
    desk.stores("Thanks", "And now?")
