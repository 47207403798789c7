"""Two agents looking on: what happens is on both screens at once."""

import re

from playwright.sync_api import expect


def test_new_message_moves_the_row_up_for_every_agent(desk, seen):
    first = desk.conversation("Katharina Vogt")
    second = desk.conversation("Oliver Whitcombe")
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    for agent in (anna, jonas):
        agent.rows(second, first)

    desk.visitor_writes(first, "Hello? Anybody?")

    for agent in (anna, jonas):
        agent.rows(first, second)
        expect(agent.row(first).locator(".conv__preview")).to_have_text(
            "Hello? Anybody?"
        )
        badge = agent.row(first).locator("[data-unread-badge]")
        expect(badge).to_have_text(re.compile(r"^2"))


def test_counts_and_title_follow(desk, seen):
    first = desk.conversation("Katharina Vogt")
    anna = seen(desk.sign_in(desk.anna))
    anna.counts(open=1, all=1, mine=0, unassigned=1, others=0)
    expect(anna.page).to_have_title(re.compile(r"^\(1\) "))

    desk.conversation("Oliver Whitcombe", assigned=[desk.anna])
    desk.conversation("Emre Güneş", assigned=[desk.jonas])

    anna.counts(open=3, all=3, mine=1, unassigned=1, others=1)
    expect(anna.page.locator(f"[data-count-agent='{desk.anna['pk']}']")).to_have_text(
        "1"
    )
    expect(anna.page.locator("#nav-unread [data-number]")).to_have_text("3")
    expect(anna.page).to_have_title(re.compile(r"^\(3\) "))

    anna.open(first)

    expect(anna.page.locator("#nav-unread [data-number]")).to_have_text("2")
    expect(anna.page).to_have_title(re.compile(r"^\(2\) Katharina Vogt"))


def test_row_leaves_the_part_of_the_list_it_is_no_longer_in(desk, seen):
    first = desk.conversation("Katharina Vogt")
    second = desk.conversation("Oliver Whitcombe")
    unassigned = seen(desk.sign_in(desk.anna, "/?show=unassigned"))
    mine = seen(desk.sign_in(desk.jonas, "/?show=mine"))
    unassigned.rows(second, first)
    expect(mine.page.locator("#list .empty")).to_contain_text("All done")

    desk.agent_writes(first, desk.jonas, "Good morning!")

    unassigned.rows(second)
    mine.rows(first)
    expect(mine.page.locator("#list .empty")).to_have_count(0)
    link = mine.row(first).locator(".conv__link")
    expect(link).to_have_attribute("href", f"/conversations/{first}/?show=mine")


def test_resolved_conversation_leaves_and_comes_back(desk, seen):
    first = desk.conversation("Katharina Vogt", assigned=[desk.jonas])
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    jonas.open(first)

    jonas.page.get_by_role("button", name="To resolve", exact=True).click()

    for agent in (anna, jonas):
        expect(agent.row(first)).to_have_count(0)
        expect(agent.page.locator("#list .empty")).to_be_visible()
        agent.counts(open=0)
    reopen = jonas.page.locator("#thread-head .btn--resolved")
    expect(reopen).to_be_visible()

    desk.visitor_writes(first, "One more thing")

    anna.rows(first)
    jonas.rows(first)
    expect(jonas.page.locator("#thread-head .btn--resolve")).to_be_visible()


def status_of(desk, id):
    return desk.on(id, "result = c.status")


def test_row_that_came_by_itself_is_resolved_where_it_stands(desk, seen):
    anna = seen(desk.sign_in(desk.anna, "/?show=unassigned"))
    first = desk.conversation("Katharina Vogt")
    second = desk.conversation("Oliver Whitcombe")
    anna.rows(second, first)

    anna.row(first).locator(".resolve").click()

    anna.rows(second)
    assert status_of(desk, first) == "resolved"
    assert anna.page.url.endswith("/?show=unassigned")
    expect(anna.page.locator("#list")).to_have_count(1)


def test_row_is_resolved_without_script(desk, stack):
    first = desk.conversation("Katharina Vogt")
    second = desk.conversation("Oliver Whitcombe")
    signed_in = desk.sign_in(desk.anna)
    plain = desk.new_page(
        java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    plain.goto(f"{stack.url}/?show=unassigned")

    plain.locator(f"#conv-{first} .resolve").click()

    expect(plain).to_have_url(f"{stack.url}/?show=unassigned")
    expect(plain.locator("#conv-list > .conv[id]")).to_have_count(1)
    expect(plain.locator(f"#conv-{second}")).to_be_visible()
    assert status_of(desk, first) == "resolved"


def test_only_who_may_resolve_gets_the_button(desk, seen):
    free = desk.conversation("Katharina Vogt")
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))

    pushed = desk.conversation("Oliver Whitcombe")

    for id in (free, pushed):
        expect(anna.row(id).locator("[data-resolve]")).to_have_count(1)
        expect(jonas.row(id).locator("[data-resolve]")).to_have_count(0)

    desk.agent_writes(pushed, desk.jonas, "I take this one.")

    expect(jonas.row(pushed).locator("[data-resolve]")).to_have_count(1)


def test_message_appears_once_for_both_and_is_read(desk, seen):
    first = desk.conversation("Katharina Vogt", "Good morning")
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    for agent in (anna, jonas):
        agent.open(first)

    anna.page.locator("#composer-text").fill("Good morning, Katharina!")
    anna.page.locator("#composer-text").press("Control+Enter")
    jonas.messages("Good morning", "Good morning, Katharina!")
    desk.visitor_writes(first, "The hopper is cracked.")

    for agent in (anna, jonas):
        agent.messages(
            "Good morning", "Good morning, Katharina!", "The hopper is cracked."
        )
        badge = agent.row(first).locator("[data-unread-badge]")
        expect(badge).to_be_hidden()
    expect(anna.page.locator("#composer-text")).to_have_value("")
    expect(anna.page.locator("#composer-text")).to_be_focused()
    expect(anna.page.locator("#log > .event").last).to_contain_text("Anna Berger")


def test_second_message_in_a_row_stands_with_the_first(desk, seen):
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(first)

    desk.visitor_writes(first, "Two")

    anna.messages("One", "Two")
    expect(anna.page.locator("#log > .msg").last).to_have_class(re.compile("msg--cont"))
    expect(anna.page.locator("#log > .day")).to_have_count(1)


def test_seen_mark_moves_to_the_last_answer_seen(desk, seen):
    first = desk.conversation("Katharina Vogt")
    desk.agent_writes(first, desk.anna, "First answer")
    desk.agent_writes(first, desk.anna, "Second answer")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(first)
    shown = anna.page.locator("[data-seen]:visible")
    marks = anna.page.locator("#log").locator(shown)
    expect(marks).to_have_count(0)

    seen_up_to = (
        "services.mark_seen_by_visitor(conversation_id=c.pk,"
        " public_seq=c.last_public_seq - back)"
    )
    desk.on(first, seen_up_to, back=1)
    expect(marks).to_have_count(1)
    expect(anna.page.locator(".msg").filter(has=shown)).to_contain_text("First answer")
    desk.on(first, seen_up_to, back=0)

    expect(anna.page.locator(".msg").filter(has=shown)).to_contain_text("Second answer")
    expect(marks).to_have_count(1)


def test_typing_visitor_shows_and_stops_with_the_message(desk, seen):
    first = desk.conversation("Katharina Vogt")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(first)
    typing = anna.page.locator("#typing")
    types = (
        "from conversations import publisher;"
        "publisher.publish_typing_visitor("
        "Conversation.objects.with_row().get(pk=c.pk), active=True)"
    )

    desk.on(first, types)

    expect(typing).to_be_visible()
    expect(anna.row(first).locator(".conv__preview")).to_have_text("is typing…")

    desk.visitor_writes(first, "There you are.")

    expect(typing).to_be_hidden()
    expect(anna.row(first).locator(".conv__preview")).to_have_text("There you are.")


def test_conversation_that_is_taken_away_is_closed(desk, seen, new_page):
    new_page.forgive_card()
    first = desk.conversation("Katharina Vogt", "My address is 1 Mill Lane", "repairs")
    other = desk.conversation("Oliver Whitcombe")
    jonas = seen(desk.sign_in(desk.jonas))
    with jonas.page.expect_response("**/read/"):
        jonas.open(first)

    desk.on(
        first,
        "services.change_group(conversation_id=c.pk,"
        " group=c.account.groups.get(pk=group), by=User.objects.get(pk=by))",
        group=desk.groups["wholesale"],
        by=desk.anna["pk"],
    )

    jonas.rows(other)
    expect(jonas.page.locator("#toasts")).to_contain_text("no longer available to you")
    expect(jonas.page.locator("#thread")).to_contain_text("No conversation selected")
    expect(jonas.page.locator("body")).not_to_contain_text("Mill Lane")
    expect(jonas.page.locator("body")).not_to_contain_text("Katharina")
    expect(jonas.page).to_have_url(f"{desk.stack.url}/")


def test_another_account_sees_nothing_of_it(desk, desk_shell, new_page, seen):
    anna = seen(desk.sign_in(desk.anna))
    stranger = type(desk)(desk.stack, desk_shell, new_page)
    strange = seen(stranger.sign_in(stranger.anna))

    first = desk.conversation("Katharina Vogt")

    anna.rows(first)
    strange.counts(open=0)
    own = stranger.conversation("Emre Güneş")
    # Had something come across, it would have come before this.
    strange.rows(own)
    strange.counts(open=1)
    expect(strange.page.locator("#nav-unread [data-number]")).to_have_text("1")


def test_presence_of_colleagues_follows(desk):
    anna = desk.sign_in(desk.anna)
    dot = anna.locator(
        f"#team-presence [data-agent-presence='{desk.jonas['pk']}'] .avatar__dot"
    )
    expect(dot).to_have_class(re.compile("is-offline"))

    jonas = desk.sign_in(desk.jonas)

    expect(dot).not_to_have_class(re.compile("is-offline"))

    jonas.locator("#presence-switch").uncheck(force=True)

    expect(dot).to_have_class(re.compile("is-away|is-offline"))
