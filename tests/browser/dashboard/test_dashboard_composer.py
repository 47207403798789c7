"""Writing: drafts, kinds of message, keys, files, emoji."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def opened(desk, seen):
    """Anna with one of two conversations open."""
    desk.first = desk.conversation("Katharina Vogt", "One")
    desk.second = desk.conversation("Oliver Whitcombe", "Eins")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(desk.first)
    return anna


def test_drafts_are_kept_per_conversation_and_kind(desk, opened):
    page = opened.page
    text = page.locator("#composer-text")
    text.fill("Dear Katharina")
    page.get_by_role("button", name="Private note").click()
    expect(text).to_have_value("")
    text.fill("She is nice")

    opened.open(desk.second)
    expect(text).to_have_value("")
    opened.open(desk.first)

    expect(text).to_have_value("Dear Katharina")
    page.get_by_role("button", name="Private note").click()
    expect(text).to_have_value("She is nice")

    page.reload()
    expect(text).to_have_value("Dear Katharina")
    text.press("Control+Enter")
    opened.messages("One", "Dear Katharina")
    page.reload()

    expect(text).to_have_value("")


def test_box_that_has_only_just_come_takes_no_draft_away(opened):
    text = opened.page.locator("#composer-text")
    # Nothing else is swapped in, which would set the box up.
    expect(opened.page.locator("#visitor-card .skeleton")).to_have_count(0)
    opened.page.wait_for_timeout(300)
    text.fill("Dear Katharina")
    opened.page.evaluate(
        """() => {
          const form = document.querySelector('#composer');
          const fresh = form.cloneNode(true);
          fresh.querySelector('.composer__text').value = '';
          form.replaceWith(fresh);
        }"""
    )
    opened.page.wait_for_timeout(600)

    opened.page.reload()

    expect(text).to_have_value("Dear Katharina")


def test_note_is_a_note(desk, opened):
    opened.page.get_by_role("button", name="Private note").click()
    opened.page.locator("#composer-text").fill("Only for us")
    opened.page.get_by_role("button", name="Add note").click()

    opened.messages("One", "Only for us")
    expect(opened.page.locator("#log > .msg").last).to_have_class(
        re.compile("msg--note")
    )
    expect(opened.page.locator("#composer")).to_have_class(re.compile("composer--note"))
    kinds = desk.on(
        desk.first,
        "result = [m.kind for m in c.messages.order_by('seq') if m.text]",
    )
    assert kinds == ["message", "note"]


@pytest.mark.parametrize("enter_sends", [True, False])
def test_enter_sends_as_the_agent_has_chosen(desk, opened, enter_sends):
    desk.shell.run(
        "User.objects.filter(pk=pk).update(enter_sends=value)",
        pk=desk.anna["pk"],
        value=enter_sends,
    )
    opened.page.reload()
    text = opened.page.locator("#composer-text")

    text.fill("Line one")
    text.press("Shift+Enter")
    text.press_sequentially("line two")
    text.press("Enter")

    if enter_sends:
        opened.messages("One", "Line oneline two")
        expect(text).to_have_value("")
    else:
        expect(text).to_have_value("Line one\nline two\n")
        assert desk.texts(desk.first) == ["One"]


def test_refused_answer_stays_with_the_reason(desk, opened, new_page):
    new_page.forgive("422")
    text = opened.page.locator("#composer-text")
    text.evaluate("(field) => { field.maxLength = 20000; }")
    text.fill("x" * 10_001)
    text.press("Control+Enter")

    expect(opened.page.locator(".composer__error")).to_contain_text("too long")
    expect(text).to_have_value("x" * 10_001)
    assert desk.texts(desk.first) == ["One"]


def test_send_and_resolve(desk, opened):
    opened.page.locator("#composer-text").fill("You are welcome.")
    opened.page.get_by_label("More ways to send").click()
    opened.page.get_by_role("button", name="Send and resolve").click()

    opened.messages("One", "You are welcome.")
    opened.rows(desk.second)
    expect(opened.page.locator("#thread-head .btn--resolved")).to_be_visible()


def test_files_are_chosen_removed_and_sent(desk, opened):
    page = opened.page
    for name in ("plan.txt", "price list.txt"):
        page.locator("#composer input[type=file]").set_input_files(
            [{"name": name, "mimeType": "text/plain", "buffer": b"12 kg of rye"}]
        )
    expect(page.locator(".composer__files .token")).to_have_count(2)

    page.get_by_role("button", name="Remove plan.txt").click()
    opened.open(desk.second)
    expect(page.locator(".composer__files .token")).to_have_count(0)
    opened.open(desk.first)
    expect(page.locator(".composer__files .token")).to_have_text(["price list.txt"])
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.locator("#log .file b")).to_have_text(["price list.txt"])
    expect(page.locator(".composer__files .token")).to_have_count(0)


def test_file_that_is_too_large_is_refused_at_once(desk, opened):
    page = opened.page
    page.locator("#composer").evaluate("(form) => { form.dataset.maxBytes = 1048576; }")
    page.locator("#composer input[type=file]").set_input_files(
        [{"name": "film.txt", "mimeType": "text/plain", "buffer": b"x" * 1_048_577}]
    )

    expect(page.locator("#toasts")).to_contain_text(
        "film.txt is too large: at most 1 MB."
    )
    expect(page.locator(".composer__files .token")).to_have_count(0)


def test_emoji_by_keyboard(opened):
    page = opened.page
    page.locator("#composer-text").fill("Thanks ")
    page.get_by_role("button", name="Emoji").click()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.locator("#composer-text")).to_have_value("Thanks 😃")
    expect(page.locator("#composer-text")).to_be_focused()


def test_typing_is_told_and_of_a_note_that_it_is_one(opened, desk):
    socket = desk.open(opened.page, f"/conversations/{desk.first}/")
    frames = []
    socket.on("framesent", lambda frame: frames.append(frame))
    text = opened.page.locator("#composer-text")

    opened.page.get_by_role("button", name="Private note").click()
    text.press_sequentially("secret")
    opened.page.get_by_role("button", name="Reply", exact=True).click()
    text.press_sequentially("Dear Katharina")
    text.blur()

    typing = [frame for frame in frames if "typing" in frame]
    assert typing == [
        '{"type":"typing","active":true,"note":true}',
        '{"type":"typing","active":false}',
        '{"type":"typing","active":true}',
        '{"type":"typing","active":false}',
    ]
