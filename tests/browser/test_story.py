"""The main job from end to end: a visitor writes in the shop, agents answer, live."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROUTED

# The longest pause between two tries of any page.
RECONNECT = 30_000
PASSWORD = "demo-desk"
QUESTION = "Good morning, my mill stands still. Is the hopper to blame?"

STORED = """
import json
from conversations.models import Conversation
conversation = Conversation.objects.get(public_id={id!r})
messages = conversation.messages.order_by("seq")
print(json.dumps({{
    "status": conversation.status,
    "rating": conversation.rating,
    "seqs": list(messages.values_list("seq", flat=True)),
    "texts": [m.text for m in messages if m.kind != "event"],
}}))
"""

ASK_BY_SOCKET = """id => new Promise((resolve, reject) => {
  const heard = [];
  const socket = new WebSocket(`ws://${location.host}/ws/desk/`);
  socket.onmessage = ({ data }) => {
    heard.push(JSON.parse(data));
    if (heard.at(-1).type === 'pong') resolve(heard);
  };
  socket.onclose = reject;
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: 'view', conversation: id }));
    socket.send(JSON.stringify({ type: 'typing', active: true }));
    socket.send(JSON.stringify({ type: 'ping' }));
  };
})"""


class Visitor:
    """Somebody in the demo shop."""

    def __init__(self, page):
        self.page = page
        self.bubbles = page.locator("support-widget .w-msg .w-bub")

    def writes(self, text):
        self.page.get_by_role("textbox", name="Write a message").fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()

    def reads(self, texts):
        """The log holds these, each once, in this order; names of agents aside."""
        exactly = [re.compile(rf"{re.escape(text)}$") for text in texts]
        expect(self.bubbles).to_have_text(exactly, timeout=RECONNECT)


class Agent:
    """Somebody at the dashboard; `frames` is all that was ever pushed to the page."""

    def __init__(self, stack, page, email):
        self.stack, self.page, self.frames = stack, page, []
        page.on("websocket", self._listen)
        page.goto(f"{stack.url}/")
        page.locator("[name=login]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        expect(page.locator("html[data-live]")).to_be_attached()

    def _listen(self, socket):
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    def tab(self, name):
        heads = self.page.locator("#list-head")
        heads.get_by_role("link", name=re.compile(rf"^{name}\b")).click()
        expect(self.page.locator("html[data-live]")).to_be_attached()

    def row(self, id):
        return self.page.locator(f"#conv-list > #conv-{id}")

    def opens(self, id):
        self.row(id).locator(".conv__link").click()
        thread = self.page.locator("#thread")
        expect(thread).to_have_attribute("data-conversation", id)

    def writes(self, text):
        self.page.get_by_role("textbox", name="Message", exact=True).fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()

    def reads(self, texts):
        bubbles = self.page.locator("#log > .msg .bubble")
        expect(bubbles).to_have_text(texts, timeout=RECONNECT)

    def posts(self, path):
        """A request as a page could send it, with this agent's session."""
        token = self.page.evaluate("document.cookie.match(/csrftoken=([^;]+)/)?.[1]")
        return self.page.context.request.post(
            self.stack.url + path,
            headers={"X-CSRFToken": token, "HX-Request": "true"},
        )


@pytest.fixture
def stored(stack):
    return lambda id: json.loads(stack.shell(STORED.format(id=id)).splitlines()[-1])


@pytest.fixture
def cast(stack, new_page):
    """Two agents who may resolve, one who may not, and another shop's owner."""
    stack.manage("seed_demo", "--reset")
    emails = ("owner@example.com", "full@example.com", "agent@example.com")
    stranger = "owner@nordlicht.example.org"
    # Anna's requests are routed later on.
    pages = [new_page(**ROUTED), *(new_page() for _ in emails)]
    return [
        Agent(stack, page, email)
        for page, email in zip(pages, (*emails, stranger), strict=True)
    ]


def test_story(stack, new_page, cast, stored):
    new_page.forgive_network()
    anna, jonas, mira, stranger = cast
    for agent in (anna, jonas):
        agent.tab("Unassigned")

    # A visitor writes; every agent who may see it has it at once.
    visitor = Visitor(new_page())
    visitor.page.goto(f"{stack.url}/demo/")
    visitor.page.get_by_role("button", name="Open chat").click()
    visitor.writes(QUESTION)
    row = anna.page.locator("#conv-list > .conv", has_text=QUESTION)
    expect(row.locator("[data-unread-badge]")).to_be_visible()
    id = row.get_attribute("data-id")
    for agent in (jonas, mira):
        expect(agent.row(id)).to_contain_text(QUESTION)

    # An agent answers; the other one sees whose it is now.
    for agent in (anna, jonas, mira):
        agent.opens(id)
        agent.reads([QUESTION])
    anna.writes("Good morning! Let us find out.")
    said = [QUESTION, "Good morning! Let us find out."]
    visitor.reads(said)
    for agent in (jonas, mira):
        agent.reads(said)
    expect(jonas.row(id)).to_have_count(0)
    jonas.tab("Others")
    expect(jonas.row(id)).to_be_visible()
    anna.tab("Mine")
    expect(anna.row(id)).to_be_visible()

    # The conversation goes along through the shop, and over a reload.
    visitor.page.get_by_role("link", name="Baking").click()
    visitor.reads(said)
    visitor.page.reload()
    visitor.reads(said)
    for agent in (anna, jonas):
        agent.opens(id)

    said += web_dies_while_both_sides_write(stack, visitor, anna, jonas, said)
    visitor.writes("Thank you, that was it.")
    said.append("Thank you, that was it.")
    visitor.reads(said)
    for agent in (anna, jonas, mira):
        agent.reads(said)
    kept = stored(id)
    assert kept["texts"] == said
    assert kept["seqs"] == list(range(1, len(kept["seqs"]) + 1))

    # Who may not resolve has no button, and no way around it.
    buttons = ".btn--resolve, [data-resolve] button, [name=then]"
    expect(anna.page.locator(f"#thread, #conv-{id}").locator(buttons)).to_have_count(3)
    expect(mira.page.locator(f"#thread, #conv-{id}").locator(buttons)).to_have_count(0)
    assert mira.posts(f"/conversations/{id}/resolve/").status == 409
    assert stored(id)["status"] == "open"

    # The green button: gone from everybody's open lists.
    jonas.tab("All")
    jonas.opens(id)
    anna.page.get_by_role("button", name="To resolve", exact=True).click()
    for agent in (anna, jonas, mira):
        expect(agent.row(id)).to_have_count(0)
    jonas.tab("Resolved")
    expect(jonas.row(id)).to_be_visible()

    # The visitor rates, writes again, and is back.
    page = visitor.page
    page.get_by_text("Good", exact=True).click()
    page.get_by_role("button", name="Send rating").click()
    page.get_by_role("button", name="Back to the chat").click()
    visitor.writes("One more thing!")
    said.append("One more thing!")
    for agent in (anna, mira):
        expect(agent.row(id)).to_contain_text("One more thing!")
        agent.reads(said)
    expect(jonas.row(id)).to_have_count(0)
    jonas.tab("Open")
    expect(jonas.row(id)).to_contain_text("One more thing!")
    visitor.reads(said)
    assert stored(id) | {"seqs": []} == {
        "status": "open",
        "rating": 5,
        "seqs": [],
        "texts": said,
    }

    nothing_crosses_over(stack, stranger, id, said)


def web_dies_while_both_sides_write(stack, visitor, anna, jonas, said):
    """Kill it between storing Anna's answer and telling her; gives back what is new."""

    def store_and_die(route):
        route.fetch()
        stack.kill_web()
        route.abort()

    anna.page.route("**/reply/", store_and_die, times=1)
    anna.writes("Please turn it upside down.")
    expect(anna.page.get_by_role("button", name="Try again")).to_be_visible()
    visitor.writes("I hear nothing of you.")
    visitor.writes("Hello?")
    waiting = visitor.page.get_by_text("Not sent yet, waiting for the network")
    expect(waiting).to_have_count(2)
    jonas.writes("Or call us, please.")
    again = jonas.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()

    stack.start_web(wait=False)
    visitor.writes("There you are.")
    stack.wait_for("/healthz")
    new = ["Please turn it upside down.", "I hear nothing of you.", "Hello?"]
    new.append("There you are.")
    expect(waiting).to_have_count(0, timeout=RECONNECT)
    expect(visitor.page.get_by_text("Sending …")).to_have_count(0, timeout=RECONNECT)
    for agent in (anna, jonas):
        agent.reads(said + new)
    # Hers was stored already: said again, it is not there twice.
    anna.page.get_by_role("button", name="Try again").click()
    expect(anna.page.locator("#composer-text")).to_have_value("")
    again.click()
    new.append("Or call us, please.")
    visitor.reads(said + new)
    for agent in (anna, jonas):
        agent.reads(said + new)
    return new


def nothing_crosses_over(stack, stranger, id, said):
    """The other shop's owner: no page, no row, no frame, no way to do anything."""
    for query in ("?status=resolved", "?show=all"):
        stranger.page.goto(f"{stack.url}/{query}")
        expect(stranger.page.locator("#conv-list > .conv").first).to_be_visible()
        expect(stranger.row(id)).to_have_count(0)
        expect(stranger.page.locator("body")).not_to_contain_text(said[-1])
    for path in ("", "messages/", "head/"):
        address = f"{stack.url}/conversations/{id}/{path}"
        assert stranger.page.context.request.get(address).status == 404
    assert stranger.posts(f"/conversations/{id}/resolve/").status == 404
    heard = stranger.page.evaluate(ASK_BY_SOCKET, id)
    kinds = [frame["type"] for frame in heard if frame["type"] in {"error", "pong"}]
    assert kinds == ["error", "pong"]
    told = " ".join([*stranger.frames, json.dumps(heard)])
    assert "pong" in told
    assert not [word for word in (id, *said) if word in told]
