"""Workers that are killed while they write the results of a search into a file."""

import csv
import io
from pathlib import Path

import pytest

from tests.faults import Desk
from tests.product import Product

pytestmark = pytest.mark.processes

# Three chunks, the last one not full.
TOTAL = 1_200
MAKE = f"""
import datetime, uuid
from django.utils import timezone
from conversations import services
from conversations.models import Conversation
from tests import factories
account = factories.make_account("Shop")
row = factories.make_conversation(account)
begun = row.last_activity_at
rows = []
for number in range({TOTAL} - 1):
    row.pk = None
    row.public_id = uuid.uuid4()
    # Some at the same moment: their order is settled by their keys.
    row.last_activity_at = begun - datetime.timedelta(seconds=number // 3)
    rows.append(Conversation(**{{
        field.attname: getattr(row, field.attname)
        for field in Conversation._meta.concrete_fields
    }}))
Conversation.objects.bulk_create(rows)
services.request_export(
    agent=factories.owner_of(account), query="", now=timezone.now()
)
"""
# What was asked for once is asked for by each test, without a process of its own.
KEEP = "CREATE TABLE asked AS SELECT * FROM conversations_export"
REQUEST = "INSERT INTO conversations_export SELECT * FROM asked RETURNING id"
# A lock of the test's own, on which the write that reaches a step waits.
STEP = 4711
GUARD = f"""
CREATE OR REPLACE FUNCTION wait_at_step() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock({STEP}); RETURN NEW; END';
CREATE OR REPLACE TRIGGER wait_at_step BEFORE UPDATE ON conversations_export
    FOR EACH ROW WHEN ({{condition}}) EXECUTE FUNCTION wait_at_step();
"""
HOLD = f"SELECT pg_advisory_xact_lock({STEP})"
AGE = "UPDATE conversations_export SET claimed_until = claimed_until - interval '1 h'"
LISTED = """
SELECT id FROM conversations_conversation ORDER BY last_activity_at DESC, id DESC
"""
SHOWN = "SELECT state, total, looked_at, row_count, attempts FROM conversations_export"


class ExportDesk(Desk):
    def request(self):
        self.sql("DELETE FROM conversations_export")
        return self.sql(REQUEST)[0][0]

    def guard(self, condition):
        self.sql(GUARD.format(condition=condition))

    def shown(self):
        """What the bar is drawn from, and how often somebody began."""
        return self.sql(SHOWN)[0]

    def files(self):
        media = Path(self.product.environment["MEDIA_ROOT"])
        return [path for path in media.rglob("*") if path.is_file()]

    def recover(self):
        """A new worker, later; the queue has forgotten what the dead one was doing."""
        self.product.start_worker()
        self.sql(AGE)
        self.ask("conversations.take_up_exports")
        self.wait_until(lambda: self.shown()[0] == "done")

    def rows(self):
        [(path,)] = self.sql("SELECT path FROM conversations_export")
        file = Path(self.product.environment["MEDIA_ROOT"]) / path
        _head, *rows = csv.reader(io.StringIO(file.read_text("utf-8-sig")))
        return [int(row[0]) for row in rows]

    def listed(self):
        return [key for (key,) in self.sql(LISTED)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    product = Product(tmp_path_factory.mktemp("exports"), "exports")
    try:
        product.shell(MAKE)
        desk = ExportDesk(product)
        desk.sql(KEEP)
        yield desk
    finally:
        product.stop()


@pytest.fixture(autouse=True)
def whole_again(desk):
    yield
    for name in list(desk.product.processes):
        desk.product.kill(name)
    desk.sql("DELETE FROM conversations_doomedfile")
    for path in desk.files():
        path.unlink()


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("NEW.looked_at = 500", (TOTAL, 0, 0)),
        ("NEW.looked_at = 1000", (TOTAL, 500, 500)),
    ],
    ids=["first chunk", "second chunk"],
)
def test_while_it_writes(desk, condition, shown):
    pk = desk.request()
    desk.guard(condition)
    desk.product.start_worker()

    with desk.holding(HOLD):
        desk.ask("conversations.write_export", pk)
        desk.kill_blocked()
    left = desk.shown()
    files = desk.files()
    desk.recover()

    assert left == ("running", *shown, 1)
    # Nothing half written lies about.
    assert files == []
    assert desk.shown() == ("done", TOTAL, TOTAL, TOTAL, 2)
    assert desk.rows() == desk.listed()
    assert len(set(desk.rows())) == TOTAL


def test_after_the_file_was_kept_and_before_its_row_says_so(desk):
    pk = desk.request()
    desk.guard("NEW.state = 'done'")
    desk.product.start_worker()

    with desk.holding(HOLD):
        desk.ask("conversations.write_export", pk)
        desk.kill_blocked()
    [orphan] = desk.files()
    desk.recover()
    desk.ask("conversations.delete_files")
    desk.wait_until(lambda: orphan not in desk.files())

    assert desk.rows() == desk.listed()
    assert len(desk.files()) == 1


def test_what_a_dead_worker_had_asked_the_database_for_counts_for_nothing(desk):
    """The database finishes it: a step further, and a claim that has run out."""
    pk = desk.request()
    desk.guard("NEW.looked_at = 1000 AND NEW.attempts = 1")
    desk.product.start_worker()

    with desk.holding(HOLD):
        desk.ask("conversations.write_export", pk)
        desk.kill_blocked(with_backend=False)
    desk.wait_until(lambda: desk.shown()[2] == 1000)
    desk.recover()

    assert desk.shown() == ("done", TOTAL, TOTAL, TOTAL, 2)
    assert desk.rows() == desk.listed()


def test_a_worker_that_lives_is_not_taken_up(desk):
    pk = desk.request()
    desk.guard("NEW.looked_at = 1000")
    desk.product.start_worker()
    desk.product.start_worker(name="second")

    with desk.holding(HOLD):
        desk.ask("conversations.write_export", pk)
        desk.wait_until(lambda: desk.shown()[2] == 500)
        desk.ask("conversations.take_up_exports")
        desk.ask("conversations.write_export", pk)
    desk.wait_until(lambda: desk.shown()[0] == "done")

    assert desk.shown() == ("done", TOTAL, TOTAL, TOTAL, 1)
    assert desk.rows() == desk.listed()
    assert len(desk.files()) == 1
