"""A visitor on a website, and the desk on the other side, by services."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AGENT = """
from conversations import services
from conversations.models import Conversation
from supportdesk.accounts import presence
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import User
owner = User.objects.get(email="owner@example.com")
latest = Conversation.objects.filter(account=owner.account).order_by("-created_at").first()
"""

TEXTS = """
texts = latest.messages.filter(kind="message").order_by("seq").values_list("text", flat=True)
print(*texts, sep="|", end="")
"""
# Seconds.
PATIENCE = 15


class Desk:
    """The other side, by services instead of pages."""

    def __init__(self, stack):
        self.stack = stack

    def do(self, code):
        return self.stack.shell(AGENT + code)

    def becomes(self, code, printed):
        """Wait till code prints this: what a page shows may not have arrived yet."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.do(code).strip()) != printed:
            assert time.monotonic() < deadline, f"{found!r} and not {printed!r}"
            time.sleep(0.1)

    def come(self):
        self.do(
            "accounts.set_presence(agent=owner, presence='online')\n"
            "presence.touch(owner.account_id, owner.pk, 'test')\n"
            "accounts.announce_presence(owner.account_id)\n"
            "from django.core.cache import cache\n"
            "cache.delete(f'widget-faces:{owner.account_id}')"
        )

    def go(self):
        self.do(
            "[presence.forget(owner.account_id, agent.pk) for agent in"
            " User.objects.filter(account=owner.account)]\n"
            "accounts.announce_presence(owner.account_id)\n"
            "from django.core.cache import cache\n"
            "cache.delete(f'widget-faces:{owner.account_id}')"
        )

    def answer(self, text):
        self.do(
            "services.post_agent_message("
            f"conversation_id=latest.pk, agent=owner, text={text!r})"
        )

    def note(self, text):
        self.do(
            f"services.add_note(conversation_id=latest.pk, agent=owner, text={text!r})"
        )

    def resolve(self):
        self.do("services.resolve_conversation(conversation_id=latest.pk, agent=owner)")

    def set_website(self, **settings):
        """Change the demo website's settings; pages that are opened then see it."""
        self.do(
            "from conversations.models import Channel\n"
            "website = Channel.objects.filter(account=owner.account, kind='website')"
            ".earliest('pk')\n"
            f"website.config |= {settings!r}\n"
            "website.save(update_fields=['config'])"
        )

    def begin(self, text):
        """Write to the visitor whose browser came last, who never wrote."""
        self.do(
            "import uuid\n"
            "from channels_integration.website import starting\n"
            "from channels_integration.website.models import VisitorSession\n"
            "visitor = VisitorSession.objects.latest('pk').visitor\n"
            "starting.start_with_visitor(visitor=visitor, agent=owner,"
            f" text={text!r}, client_id=uuid.uuid4())"
        )

    def stores(self, *texts):
        """The latest conversation comes to hold these messages, in this order."""
        self.becomes(TEXTS, "|".join(texts))

    def texts(self):
        printed = self.do(TEXTS)
        return printed.strip().split("|")


def write(page, text):
    page.get_by_role("textbox", name="Write a message").fill(text)
    page.get_by_role("button", name="Send").click()


def bubbles(page):
    return page.locator("support-widget .w-bub")


class Website(ThreadingHTTPServer):
    """A shop of its own origin; the desk lets pages of this machine in.

    A server and no routed answer: Chromium keeps those away from local addresses.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://localhost:{self.server_port}/"
        self.files = {}
        self.html = self.policy = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def show(self, page, html, *, policy="", files=None):
        """Let a page stand on `html`, with scripts beside it."""
        self.html, self.policy, self.files = html, policy, files or {}
        page.goto(self.url)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        website = self.server
        name = self.path.lstrip("/")
        page = "<!doctype html><html lang=en><link rel=icon href=data:,><title>Shop"
        page += f"</title><body>{website.html}"
        body = website.files.get(name, page).encode()
        kind = "javascript" if name in website.files else "html"
        self.send_response(200)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        if website.policy:
            self.send_header("Content-Security-Policy", website.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def told(page, path):
    """The bodies that the page sends to a widget endpoint, as they come."""
    bodies = []

    def note(request):
        if request.url.endswith(f"/widget/{path}") and request.method == "POST":
            bodies.append(json.loads(request.post_data))

    page.on("request", note)
    return bodies


def warnings(page):
    texts = []
    page.on(
        "console",
        lambda message: message.type == "warning" and texts.append(message.text),
    )
    return texts


def until(page, happened):
    """Wait till it is so: what a page sends has no element to look at."""
    for _try in range(100):
        if happened():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen within ten seconds")
