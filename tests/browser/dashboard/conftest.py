import re

import pytest
from playwright.sync_api import expect

PASSWORD = "correct horse battery staple"

CAST = """
account = make.make_account(name="Moor & Mühle")
channel = make.make_channel(account)
repairs = make.make_group(account, "Repairs")
wholesale = make.make_group(account, "Wholesale")
anna = make.make_agent(account, "Anna Berger", Role.FULL, password=password)
jonas = make.make_agent(account, "Jonas Adler", groups=(repairs,), password=password)
result = {
    "account": account.pk,
    "groups": {"repairs": repairs.pk, "wholesale": wholesale.pk},
    "anna": {"pk": anna.pk, "email": anna.email},
    "jonas": {"pk": jonas.pk, "email": jonas.email},
}
"""

SESSION = """
from django.conf import settings
from django.test import Client
client = Client()
client.force_login(User.objects.get(pk=pk))
result = [settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value]
"""

CONVERSATION = """
account = Account.objects.get(pk=account)
group = account.groups.get(pk=group) if group else None
visitor = make.make_visitor(account, name=name)
conversation = make.make_conversation(account, visitor=visitor, group=group, text=text)
for pk in assigned:
    agent = User.objects.get(pk=pk)
    services.assign_conversation(conversation_id=conversation.pk, agent=agent, by=agent)
result = str(conversation.public_id)
"""

ON_CONVERSATION = "c = Conversation.objects.get(public_id=id)\n"


class Desk:
    """An account of its own with Anna (full access) and Jonas (only Repairs)."""

    def __init__(self, stack, shell, new_page):
        self.stack, self.shell, self.new_page = stack, shell, new_page
        cast = shell.run(CAST, password=PASSWORD)
        self.account, self.groups = cast["account"], cast["groups"]
        self.anna, self.jonas = cast["anna"], cast["jonas"]

    def sign_in(self, agent, path="/", **options):
        """A page of somebody who has signed in; the form is the entrance's matter."""
        page = self.new_page(**options)
        name, value = self.shell.run(SESSION, pk=agent["pk"])
        cookie = {"name": name, "value": value, "url": self.stack.url}
        page.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Lax"}])
        self.open(page, path)
        return page

    def open(self, page, path="/"):
        """Go there, and wait till what happens now is pushed."""
        with page.expect_websocket() as socket:
            page.goto(self.stack.url + path)
        # The page says what it shows as soon as it is connected.
        expect(page.locator("html[data-live]")).to_be_attached()
        return socket.value

    def conversation(self, name, text="Where is my parcel?", group="", assigned=()):
        return self.shell.run(
            CONVERSATION,
            account=self.account,
            name=name,
            text=text,
            group=self.groups.get(group),
            assigned=[agent["pk"] for agent in assigned],
        )

    def on(self, id, code, **values):
        return self.shell.run(ON_CONVERSATION + code, id=id, **values)

    def visitor_writes(self, id, text):
        self.on(id, "make.visitor_writes(c, text)", text=text)

    def agent_writes(self, id, agent, text):
        code = "make.agent_writes(c, User.objects.get(pk=pk), text)"
        self.on(id, code, pk=agent["pk"], text=text)

    def texts(self, id):
        """What is stored, in order."""
        return self.on(
            id,
            "result = [m.text for m in c.messages.order_by('seq')"
            " if m.kind != Message.Kind.EVENT]",
        )


@pytest.fixture
def desk_shell(stack):
    return stack.beside


@pytest.fixture
def desk(stack, desk_shell, new_page):
    return Desk(stack, desk_shell, new_page)


class Seen:
    """What a page shows, as its agent reads it."""

    def __init__(self, page):
        self.page = page

    def row(self, id):
        return self.page.locator(f"#conv-{id}")

    def rows(self, *ids):
        """The list holds these conversations, in this order."""
        expect(self.page.locator("#conv-list > .conv[id]")).to_have_count(len(ids))
        for index, id in enumerate(ids):
            row = self.page.locator("#conv-list > .conv[id]").nth(index)
            expect(row).to_have_attribute("data-id", id)

    def counts(self, **numbers):
        for name, number in numbers.items():
            counts = self.page.locator(f"#list-head [data-count={name}]")
            expect(counts).to_have_text(str(number))

    def messages(self, *texts):
        """The thread holds these messages and notes, each once, in this order."""
        expect(self.page.locator("#log > .msg .bubble")).to_have_text(list(texts))

    def open(self, id):
        self.row(id).locator(".conv__link").click()
        thread = self.page.locator("#thread")
        expect(thread).to_have_attribute("data-conversation", id)
        expect(self.page.locator(".app")).to_have_attribute("data-view", "thread")
        expect(self.page).to_have_url(re.compile(id))


@pytest.fixture
def seen():
    return Seen
