"""Workers that are killed and servers that stop, with the real ones of each.

Time is moved in the rows, not waited for. Where a worker has to be caught at a step, the
test holds the row or table that the step needs, or is the mail server it talks to.
"""

import contextlib
import itertools
import time

import pytest
import redis
from aiosmtpd.controller import Controller

from supportdesk.operations.engine_keeper import Valkey
from tests.faults import Desk
from tests.product import Product, free_port

pytestmark = pytest.mark.processes

WRITE = """
from tests import factories
account = factories.make_account("Shop {name}")
account.agents.update(email="{name}@example.com")
for _ in range({number}):
    print(factories.make_conversation(account).pk)
"""
# As many minutes ago as no delay, claim or queue is allowed to last.
AGE = """
UPDATE conversations_message SET created_at = created_at - interval '3 minutes';
UPDATE conversations_conversation SET
    waiting_since = waiting_since - interval '3 minutes',
    last_activity_at = last_activity_at - interval '3 minutes';
UPDATE notifications_burst SET began_at = began_at - interval '3 minutes',
    nobody_since = nobody_since - interval '3 minutes';
UPDATE notifications_notification SET
    due_at = due_at - interval '30 minutes',
    queued_at = queued_at - interval '30 minutes',
    claimed_at = claimed_at - interval '30 minutes'
WHERE state IN ('pending', 'sending');
"""


class Mailbox:
    """A mail server; `at` a step of the conversation it does what a test wants."""

    def __init__(self, port):
        self.port = port
        self.mails = []
        self.at = {}
        self.controller = None

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def handle_MAIL(self, server, session, envelope, address, options):
        self._reached("MAIL")
        envelope.mail_from = address
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self._reached("DATA")
        head = envelope.content.decode().partition("\r\n\r\n")[0]
        named = [line for line in head.splitlines() if line.startswith("Message-ID:")]
        self.mails.append((envelope.rcpt_tos[0], named[0]))
        self._reached("taken")
        return "250 taken"

    def _reached(self, step):
        if step in self.at:
            self.at.pop(step)()

    def of(self, name):
        return [named for to, named in self.mails if to == f"{name}@example.com"]


@pytest.fixture(scope="module")
def mailbox():
    mailbox = Mailbox(free_port())
    mailbox.start()
    yield mailbox
    mailbox.stop()


@pytest.fixture(scope="module")
def desk(tmp_path_factory, mailbox):
    product = Product(tmp_path_factory.mktemp("faults"), "faults")
    product.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{mailbox.port}"
    try:
        yield MailDesk(product)
    finally:
        product.stop()


@pytest.fixture(autouse=True)
def whole_again(desk, mailbox):
    yield
    mailbox.at.clear()
    for name in list(desk.product.processes):
        desk.product.kill(name)


class MailDesk(Desk):
    """With visitors who write, and mails about them."""

    names = itertools.count(1)

    def visitors_write(self, number=1):
        """So many conversations that nobody is there for; the name of their owner."""
        name = f"owner{next(self.names)}"
        self.product.shell(WRITE.format(name=name, number=number))
        return name

    def settle(self, url=None):
        """Redis has heard of everybody who is there, which is nobody."""
        prefix = self.product.environment["REDIS_PREFIX"]
        with redis.Redis.from_url(
            url or self.product.environment["REDIS_URL"]
        ) as server:
            server.set(f"{prefix}:presence-since", repr(time.time() - 3600))

    def ask(self, task, *args):
        queue = "default" if task == "look_out" else "notifications"
        super().ask(f"notifications.{task}", *args, queue=queue)

    def watched(self):
        rows = "SELECT count(*) FROM notifications_burst WHERE state = 'watched'"
        return self.sql(rows)[0][0]

    def states(self, name):
        rows = (
            "SELECT state FROM notifications_notification"
            " JOIN accounts_account ON accounts_account.id = account_id"
            " WHERE name = %s"
        )
        return [state for (state,) in self.sql(rows, [f"Shop {name}"])]

    def write_rows(self, name):
        """Decide in this moment, without a worker: rows that wait to be sent."""
        self.settle()
        self.product.shell("from notifications import services; services.look_out()")
        self.sql(AGE)
        self.settle()
        self.product.shell("from notifications import services; services.look_out()")
        assert set(self.states(name)) == {"pending"}

    def recover(self, name):
        """A new worker, later: whatever is left is found by the beat's tasks."""
        self.product.start_worker()
        self.sql(AGE)
        self.settle()
        self.ask("look_out")
        self.ask("send_due")
        self.wait_until(lambda: set(self.states(name)) == {"sent"})


# A worker that is killed


def test_before_it_claims(desk, mailbox):
    name = desk.visitors_write()
    desk.write_rows(name)
    desk.product.start_worker()

    with desk.holding("SELECT 1 FROM notifications_notification FOR UPDATE"):
        [(pk,)] = desk.sql(
            "SELECT id FROM notifications_notification WHERE state = 'pending'"
        )
        desk.ask("send_notification", pk)
        desk.kill_blocked()
    desk.recover(name)

    assert len(mailbox.of(name)) == 1


def test_while_its_claim_is_being_written(desk, mailbox):
    """The database finishes what a dead worker had asked of it."""
    name = desk.visitors_write()
    desk.write_rows(name)
    desk.product.start_worker()

    with desk.holding("SELECT 1 FROM notifications_notification FOR UPDATE"):
        [(pk,)] = desk.sql(
            "SELECT id FROM notifications_notification WHERE state = 'pending'"
        )
        desk.ask("send_notification", pk)
        desk.kill_blocked(with_backend=False)
    desk.recover(name)

    assert len(mailbox.of(name)) == 1


def test_after_it_has_claimed(desk, mailbox):
    name = desk.visitors_write()
    desk.write_rows(name)
    mailbox.at["MAIL"] = lambda: desk.product.kill("worker")
    desk.product.start_worker()

    desk.ask("send_due")
    desk.wait_until(lambda: "worker" not in desk.product.processes)
    after = desk.states(name)
    desk.recover(name)

    assert after == ["sending"]
    assert len(mailbox.of(name)) == 1


def test_after_the_server_took_it_the_mail_goes_out_once_more_under_its_name(
    desk, mailbox
):
    """The one gap that SMTP leaves: nobody can be asked whether the mail was taken."""
    name = desk.visitors_write()
    desk.write_rows(name)
    with contextlib.ExitStack() as held:
        mailbox.at["taken"] = lambda: held.enter_context(
            desk.holding("SELECT 1 FROM notifications_notification FOR UPDATE")
        )
        desk.product.start_worker()
        desk.ask("send_due")
        desk.kill_blocked()
        taken = mailbox.of(name)
    after = desk.states(name)
    desk.recover(name)

    assert after == ["sending"]
    assert mailbox.of(name) == [*taken, *taken]
    assert len(taken) == 1


@pytest.mark.parametrize(
    "step",
    ["notifications_burst", "notifications_notification", "conversations_message"],
)
def test_while_it_decides(desk, mailbox, step):
    """Before any row, before the event line, before the commit."""
    name = desk.visitors_write(3)
    desk.product.start_worker()
    desk.settle()
    desk.ask("look_out")
    desk.wait_until(lambda: desk.watched() == 3)
    desk.sql(AGE)

    with desk.holding(f"LOCK TABLE {step} IN SHARE MODE"):
        desk.settle()
        desk.ask("look_out")
        desk.kill_blocked()
    before = desk.states(name)
    desk.recover(name)

    assert before == []
    assert len(mailbox.of(name)) == len(set(mailbox.of(name))) == 3


# Servers that stop


def test_mail_server_that_is_away(desk, mailbox):
    name = desk.visitors_write(2)
    desk.write_rows(name)
    mailbox.stop()
    desk.product.start_worker()
    failed = (
        "SELECT count(*) FROM notifications_notification"
        " WHERE state = 'pending' AND attempts = 1 AND last_error <> ''"
    )
    try:
        desk.ask("send_due")
        desk.wait_until(lambda: desk.sql(failed) == [(2,)])
    finally:
        mailbox.start()
    desk.sql(AGE)
    desk.ask("send_due")
    desk.wait_until(lambda: desk.states(name) == ["sent", "sent"])

    assert len(mailbox.of(name)) == 2


def test_redis_that_stops_and_comes_back_empty(desk, mailbox, tmp_path, monkeypatch):
    server = Valkey(tmp_path, throwaway=True)
    server.start()
    monkeypatch.setitem(desk.product.environment, "REDIS_URL", server.url)
    try:
        name = desk.visitors_write(2)
        desk.settle()
        desk.product.start_worker()
        desk.product.start_beat()
        desk.wait_until(lambda: desk.watched() == 2)

        server.process.kill()
        server.process.wait()
        desk.sql(AGE)
        server.start()
        # A minute later whoever is there has been heard of.
        desk.settle()
        desk.wait_until(lambda: desk.states(name) == ["sent", "sent"])
    finally:
        server.stop()

    assert len(mailbox.of(name)) == 2


# Several at once


def test_four_workers_and_two_beats_tell_each_once(desk, mailbox):
    name = desk.visitors_write(12)
    desk.settle()
    for number in range(4):
        desk.product.start_worker(name=f"worker{number}")
    for number in range(2):
        desk.product.start_beat(name=f"beat{number}")
    desk.wait_until(lambda: desk.watched() == 12)
    desk.sql(AGE)
    desk.wait_until(lambda: desk.states(name) == ["sent"] * 12)
    # Two more rounds of both beats.
    time.sleep(11)

    assert len(mailbox.of(name)) == len(set(mailbox.of(name))) == 12
