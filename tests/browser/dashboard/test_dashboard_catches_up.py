"""Pushes may be lost and the web may die: no message is missing, doubled or moved."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import ROUTED


def drop_frames(page, wanted):
    """Lose every frame from the server for which `wanted` holds; returns the lost."""
    lost = []

    def on_socket(socket):
        server = socket.connect_to_server()

        def on_message(message):
            frame = json.loads(message)
            if wanted(frame):
                lost.append(frame)
            else:
                socket.send(message)

        server.on_message(on_message)

    page.route_web_socket("**/ws/desk/", on_socket)
    return lost


def test_gap_is_filled_when_the_next_message_shows_it(desk, seen):
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))
    lost = drop_frames(
        anna.page,
        lambda frame: frame["type"] == "conversation" and "Two" in frame["row"],
    )
    with anna.page.expect_response("**/messages/**"):
        desk.open(anna.page, f"/conversations/{first}/")
    anna.messages("One")

    desk.visitor_writes(first, "Two")
    anna.page.wait_for_timeout(500)
    anna.messages("One")
    assert lost

    desk.visitor_writes(first, "Three")

    anna.messages("One", "Two", "Three")


def test_message_that_came_twice_is_shown_once(desk, seen):
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))

    def on_socket(socket):
        server = socket.connect_to_server()

        def on_message(message):
            socket.send(message)
            socket.send(message)

        server.on_message(on_message)

    anna.page.route_web_socket("**/ws/desk/", on_socket)
    desk.open(anna.page, f"/conversations/{first}/")

    desk.visitor_writes(first, "Two")
    desk.visitor_writes(first, "Three")

    anna.messages("One", "Two", "Three")
    anna.rows(first)


def test_list_that_is_older_than_a_push_does_not_undo_it(desk, seen):
    first = desk.conversation("Katharina Vogt", group="repairs")
    other = desk.conversation("Oliver Whitcombe")
    jonas = seen(desk.sign_in(desk.jonas, **ROUTED))
    late = []

    def keep(route):
        # The answer is as of now, and arrives when all the rest has happened.
        late.append((route, route.fetch()))

    jonas.page.route(f"{desk.stack.url}/", keep, times=1)
    jonas.page.evaluate("dispatchEvent(new Event('offline'))")
    jonas.page.evaluate("dispatchEvent(new Event('online'))")
    expect(jonas.page.locator("html[data-live]")).to_be_attached()
    while not late:
        jonas.page.wait_for_timeout(50)

    desk.on(
        first,
        "services.change_group(conversation_id=c.pk,"
        " group=c.account.groups.get(pk=group), by=User.objects.get(pk=by))",
        group=desk.groups["wholesale"],
        by=desk.anna["pk"],
    )
    jonas.rows(other)
    jonas.counts(open=1)
    for route, response in late:
        with jonas.page.expect_response(f"{desk.stack.url}/"):
            route.fulfill(response=response)

    jonas.page.wait_for_timeout(300)
    jonas.rows(other)
    jonas.counts(open=1)
    expect(jonas.page.locator("#nav-unread [data-number]")).to_have_text("1")


def test_killed_web_costs_no_message(desk, seen, new_page):
    new_page.forgive_network()
    first = desk.conversation("Katharina Vogt", "One")
    second = desk.conversation("Oliver Whitcombe")
    anna = seen(desk.sign_in(desk.anna))
    jonas = seen(desk.sign_in(desk.jonas))
    for agent in (anna, jonas):
        agent.open(first)

    desk.stack.kill_web()

    expect(anna.page.locator("#connection")).to_have_text("Reconnecting…")
    desk.visitor_writes(first, "Two")
    desk.visitor_writes(first, "Three")
    third = desk.conversation("Emre Güneş")
    desk.stack.start_web()

    for agent in (anna, jonas):
        expect(agent.page.locator("#connection")).to_have_count(0, timeout=20_000)
        agent.messages("One", "Two", "Three")
        agent.rows(third, first, second)
        agent.counts(open=3, unassigned=3)
    expect(anna.page.locator("#nav-unread [data-number]")).to_have_text("2")

    desk.visitor_writes(first, "Four")

    for agent in (anna, jonas):
        agent.messages("One", "Two", "Three", "Four")


def test_answer_sent_while_the_web_is_down_is_stored_once(desk, seen, new_page):
    new_page.forgive_network()
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(first)
    desk.stack.kill_web()

    anna.page.locator("#composer-text").fill("Good morning!")
    anna.page.locator("#composer-text").press("Control+Enter")

    expect(anna.page.locator(".composer__error")).to_contain_text("Not sent")
    expect(anna.page.locator("#composer-text")).to_have_value("Good morning!")

    desk.stack.start_web()
    anna.page.get_by_role("button", name="Try again").click()

    anna.messages("One", "Good morning!")
    expect(anna.page.locator("#composer-text")).to_have_value("")
    assert desk.texts(first) == ["One", "Good morning!"]


def test_answer_whose_receipt_was_lost_is_not_doubled(desk, seen, new_page):
    new_page.forgive_network()
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna, **ROUTED))
    anna.open(first)
    times = []

    def arrives_unanswered(route):
        times.append(route.fetch().status)
        route.abort()

    anna.page.route("**/reply/", arrives_unanswered, times=1)
    anna.page.locator("#composer-text").fill("Good morning!")
    anna.page.locator("#composer-text").press("Control+Enter")
    expect(anna.page.locator(".composer__error")).to_contain_text("Not sent")
    assert times == [200]

    anna.page.get_by_role("button", name="Try again").click()

    expect(anna.page.locator("#composer-text")).to_have_value("")
    anna.messages("One", "Good morning!")
    assert desk.texts(first) == ["One", "Good morning!"]


def test_changed_text_after_a_lost_receipt_is_another_message(desk, seen, new_page):
    new_page.forgive_network()
    first = desk.conversation("Katharina Vogt", "One")
    anna = seen(desk.sign_in(desk.anna, **ROUTED))
    anna.open(first)

    def arrives_unanswered(route):
        route.fetch()
        route.abort()

    anna.page.route("**/reply/", arrives_unanswered, times=1)
    anna.page.locator("#composer-text").fill("Good morning!")
    anna.page.locator("#composer-text").press("Control+Enter")
    expect(anna.page.locator(".composer__error")).to_be_visible()

    anna.page.locator("#composer-text").fill("Good morning, Katharina!")
    anna.page.get_by_role("button", name="Try again").click()

    anna.messages("One", "Good morning!", "Good morning, Katharina!")


def test_page_that_was_signed_out_elsewhere_goes_to_the_login(desk, new_page):
    anna = desk.sign_in(desk.anna)
    other = new_page(context=anna.context)
    desk.open(other)

    other.locator("#me-menu summary").click()
    other.get_by_role("button", name="Sign out").click()

    anna.wait_for_url("**/accounts/login/**")


def test_thread_is_fresh_after_back(desk, seen):
    first = desk.conversation("Katharina Vogt", "One")
    second = desk.conversation("Oliver Whitcombe", "Eins")
    anna = seen(desk.sign_in(desk.anna))
    anna.open(first)
    anna.open(second)
    desk.visitor_writes(first, "Two")

    anna.page.go_back()

    anna.messages("One", "Two")
    expect(anna.row(first).locator(".conv__link")).to_have_attribute(
        "aria-current", "true"
    )
    desk.visitor_writes(first, "Three")
    anna.messages("One", "Two", "Three")

    anna.page.go_back()

    expect(anna.page.locator("#thread")).to_contain_text("No conversation selected")
    anna.rows(first, second)
