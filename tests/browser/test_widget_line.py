"""The widget's line to the desk, alone in a page: what it makes of what it hears."""

from pathlib import Path

import pytest

from supportdesk.operations.widget_build import bundle
from tests.browser import chromium

LINE = Path(__file__).parents[2] / "static/widget/src/line.js"

# A desk whose answers the test gives: `sockets` are dialled, `asked` are requests.
DESK = """async (script) => {
    const file = new Blob([script], { type: "text/javascript" });
    const { createLine } = await import(URL.createObjectURL(file));
    window.sockets = [];
    window.asked = [];
    window.WebSocket = class {
        constructor() {
            this.sent = [];
            sockets.push(this);
        }
        send(text) {
            this.sent.push(JSON.parse(text));
        }
        close() {}
    };
    window.fetch = (url) => new Promise((resolve) => {
        const answer = (body, status = 200) => resolve(
            new Response(JSON.stringify(body), {
                status, headers: { "Content-Type": "application/json" },
            }));
        asked.push({ path: url.split("/widget/")[1], answer });
    });
    window.open = () => {
        window.values = new Map([["token", "t".repeat(43)]]);
        const store = {
            prefix: "w:",
            get: (name) => values.get(name),
            set: (name, value) => values.set(name, value),
            remove: (name) => values.delete(name),
            names: (start) => [...values.keys()].filter((name) => name.startsWith(start)),
        };
        sockets.length = asked.length = 0;
        const config = { online: true, socket: "wss://desk.example.com/ws/widget/" };
        const session = { token: store.get("token"), watch() {}, lose() {} };
        let made = 0;
        const uuid = () => `id${++made}`;
        const ctx = {
            store, config, session, uuid, base: "", key: "k", emit() {}, title: () => "",
        };
        window.line = createLine(ctx, () => {}, () => {}, () => {});
        line.start();
    };
    window.hear = (frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) });
    const entry = (of, seq) => ({ id: `${of}${seq}`, seq, kind: "message", by: "agent" });
    window.state = (of, seq) => ({ id: of, status: "open", seq, seen: 0, rating: null });
    window.thread = (of, first, last) => ({
        conversation: state(of, last), agent: null, online: true, has_email: false,
        more: false,
        messages: Array.from({ length: last - first + 1 }, (_, i) => entry(of, first + i)),
    });
    window.push = (of, seq) => hear({
        type: "message", conversation: state(of, seq), message: entry(of, seq),
    });
    window.shown = () => [...line.state.messages.keys()].sort();
    window.settled = () => new Promise((done) => setTimeout(done, 50));
}"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page():
    with chromium.started() as browser:
        page = browser.new_page()
        page.evaluate(DESK, bundle(LINE))
        yield page


def play(page, script):
    """Run steps in a page that was just opened, and return what they return."""
    return page.evaluate(f"async () => {{ open(); {script} }}")


def test_push_that_is_missed_while_catching_up_is_asked_for_again(page):
    found = play(
        page,
        """
        hear({ type: "ready", ...thread("A", 1, 1) });
        push("A", 3);
        push("A", 5);
        asked[0].answer(thread("A", 2, 3));
        await settled();
        asked[1].answer(thread("A", 4, 5));
        await settled();
        return [asked.map((one) => one.path), shown()];
        """,
    )

    assert found == [
        ["conversation?after=1", "conversation?after=3"],
        ["A1", "A2", "A3", "A4", "A5"],
    ]


def test_conversation_that_another_tab_began_is_read_from_its_beginning(page):
    found = play(
        page,
        """
        hear({ type: "ready", ...thread("A", 1, 3) });
        sockets[0].onclose({ code: 1006 });
        dispatchEvent(new Event("online"));
        sockets.at(-1).onopen();
        const after = sockets.at(-1).sent[0].after;
        hear({ type: "ready", ...thread("B", 4, 5) });
        await settled();
        asked[0].answer(thread("B", 1, 5));
        await settled();
        return [after, asked.map((one) => one.path), shown()];
        """,
    )

    assert found == [3, ["conversation"], ["B1", "B2", "B3", "B4", "B5"]]


def test_retry_that_a_former_conversation_holds_changes_nothing_on_the_screen(page):
    found = play(
        page,
        """
        hear({ type: "ready", ...thread("B", 1, 2) });
        line.send("Hello");
        await settled();
        const { client_id } = sockets[0].sent.at(-1);
        const message = { id: "A1", seq: 1, kind: "message", by: "visitor", client_id };
        hear({ type: "ack", client_id, conversation: "A", message });
        await settled();
        asked[0].answer(thread("B", 3, 2));
        await settled();
        return [asked.map((one) => one.path), shown(), line.outbox.items.length];
        """,
    )

    assert found == [["conversation?after=2"], ["B1", "B2"], 0]


def test_broken_line_is_dialled_anew_and_the_message_is_sent_again(page):
    found = play(
        page,
        """
        hear({ type: "ready", ...thread("A", 1, 1) });
        line.send("Hello");
        await settled();
        const first = sockets[0].sent.at(-1);
        sockets[0].onclose({ code: 1006 });
        await settled();
        dispatchEvent(new Event("online"));
        hear({ type: "ready", ...thread("A", 2, 1) });
        await settled();
        const again = sockets.at(-1).sent.at(-1);
        return [first.client_id == again.client_id, first.text, sockets.length];
        """,
    )

    assert found == [True, "Hello", 2]


def test_message_of_who_left_while_it_waits_for_the_line_is_not_sent(page):
    found = play(
        page,
        """
        line.send("Mine");
        await settled();
        values.set("left", 1);
        dispatchEvent(new StorageEvent("storage", { key: "w:left" }));
        hear({ type: "ready", ...thread("A", 1, 1) });
        await settled();
        return [sockets.map((one) => one.sent), asked.length, line.outbox.items];
        """,
    )

    assert found == [[[]], 0, []]


def test_answer_to_who_left_meanwhile_is_not_shown(page):
    found = play(
        page,
        """
        line.send("Mine");
        while (!asked.length) await settled();
        values.set("left", 1);
        dispatchEvent(new StorageEvent("storage", { key: "w:left" }));
        const message = { id: "A1", seq: 1, kind: "message", by: "visitor" };
        asked[0].answer({ message, conversation: state("A", 1) });
        await settled();
        return [asked[0].path, shown()];
        """,
    )

    assert found == ["messages", []]


NOBODY_S = """
    const nothing = {
        conversation: null, agent: null, online: true, has_email: false, more: false,
        messages: [],
    };
"""


def test_thread_goes_once_the_browser_is_somebody_s_who_has_none(page):
    by_socket, by_asking = (
        play(
            page,
            f"""
            {NOBODY_S}
            hear({{ type: "ready", ...thread("A", 1, 3) }});
            {step}
            await settled();
            return [line.state.conversation, shown(), line.state.last];
            """,
        )
        for step in (
            """
            sockets[0].onclose({ code: 4000 });
            dispatchEvent(new Event("online"));
            sockets.at(-1).onopen();
            hear({ type: "ready", ...nothing });
            """,
            """
            line.news();
            asked[0].answer(nothing);
            """,
        )
    )

    assert by_socket == by_asking == [None, [], 0]


def test_answer_older_than_the_first_message_takes_nothing_away(page):
    found = play(
        page,
        f"""
        {NOBODY_S}
        hear({{ type: "ready", ...nothing }});
        line.news();
        push("A", 1);
        asked[0].answer(nothing);
        await settled();
        return [line.state.conversation.id, shown()];
        """,
    )

    assert found == ["A", ["A1"]]


def test_answer_about_a_former_visitor_s_thread_is_not_shown(page):
    found = play(
        page,
        """
        hear({ type: "ready", ...thread("A", 1, 1) });
        line.news();
        line.renew();
        asked[0].answer(thread("A", 2, 3));
        await settled();
        return [asked.map((one) => one.path), shown()];
        """,
    )

    assert found == [["conversation?after=1", "conversation"], []]
