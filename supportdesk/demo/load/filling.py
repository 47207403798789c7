"""Rows into tables: with COPY, by batches, indexes and checks in place."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from django.db import connection, models, transaction

from conversations.models import Assignment, Conversation, ConversationRead, Message
from supportdesk.accounts.models import Account
from supportdesk.demo.load import browsing
from supportdesk.demo.load.cast import make_cast
from supportdesk.demo.load.plan import Plan, make_plan
from supportdesk.demo.load.threads import Row, Teller, Told
from supportdesk.demo.load.vocabulary import Texts
from visitors.models import PageView, Visit, Visitor

BATCH = 2_000
VISITED = 0.4
"""Share of the conversations on the website whose visit is still kept."""

_COLUMNS: dict[type[models.Model], str] = {
    Visitor: "id public_id name email phone language created_at last_seen_at account_id"
    " email_source name_source phone_source user_id",
    Conversation: "id public_id channel_kind status language last_seq last_public_seq"
    " visitor_message_count is_assigned preview preview_by_agent last_activity_at"
    " waiting_since created_at resolved_at visitor_seen_seq visitor_seen_at"
    " agent_seen_seq rating rating_comment rated_at account_id channel_id group_id"
    " visitor_id missed_at tag_ids priority assignee_ids",
    Message: "id public_id conversation_id seq public_seq kind agent_id by_visitor"
    " channel_id text hidden_cards attachment_count event data client_id created_at",
    Assignment: "conversation_id agent_id created_at",
    ConversationRead: "conversation_id agent_id visitor_messages seen_seq",
    Visit: "id started_at last_seen_at referrer campaign page_count visitor_id hints ip"
    " user_agent city country time_zone",
    PageView: "url title at visit_id",
}


def fill(
    *,
    account: str,
    conversations: int,
    messages: int,
    seed: int,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Account:
    """Make the account and write all of it, batch by batch.

    The same seed tells the same stories. Raises NotOurs for the name of an account
    that exists, ValueError for numbers that make no desk.
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    plan = make_plan(conversations, messages, rng, now)
    cast = make_cast(account)
    # Public ids are unique over all accounts, also over those of the same seed.
    ids = random.Random(f"{seed}-{cast.account.pk}")  # noqa: S311
    texts = Texts(rng)
    teller = Teller(cast, plan, texts, rng, ids)
    filler = _Filler(plan, teller, texts)
    progress(0, conversations)
    for first in range(0, conversations, BATCH):
        filler.write(range(first, min(first + BATCH, conversations)))
        progress(min(first + BATCH, conversations), conversations)
    # What autovacuum would have done over the years; it refuses within a transaction.
    tidy = "ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE"
    with connection.cursor() as cursor:
        for model in _COLUMNS:
            cursor.execute(f"{tidy} {model._meta.db_table}")
    return cast.account


class _Filler:
    def __init__(self, plan: Plan, teller: Teller, texts: Texts) -> None:
        self.plan, self.teller, self.texts = plan, teller, texts
        self.first_conversation = _reserve(Conversation, plan.size)
        self.first_visitor = _reserve(Visitor, len(plan.last_of_visitor))
        self.next_message = _reserve(Message, sum(plan.lengths))
        self.next_visit = _reserve(Visit, plan.size)
        # Kind and language of each visitor who is there already.
        self.known: list[tuple[str, str]] = []

    def write(self, numbers: Iterable[int]) -> None:
        """One batch, in one transaction, tables in the order of their keys."""
        visitors: list[Row] = []
        visits: list[Row] = []
        pages: list[Row] = []
        told = [self._tell(number, visitors, visits, pages) for number in numbers]
        messages = [row for each in told for row in each.messages]
        # As they came in: those of several conversations lie among each other.
        messages.sort(key=itemgetter(-1))
        keys = range(self.next_message, self.next_message + len(messages))
        self.next_message += len(messages)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
            _copy(Visitor, visitors)
            _copy(Conversation, [each.row for each in told])
            _copy(
                Message,
                ((key, *row) for key, row in zip(keys, messages, strict=True)),
            )
            _copy(Assignment, [row for each in told for row in each.assignments])
            _copy(ConversationRead, [row for each in told for row in each.reads])
            _copy(Visit, visits)
            _copy(PageView, pages)

    def _tell(
        self, number: int, visitors: list[Row], visits: list[Row], pages: list[Row]
    ) -> Told:
        plan, teller, rng = self.plan, self.teller, self.teller.rng
        visitor = plan.visitors[number]
        pk = self.first_visitor + visitor
        at = plan.began_at(number)
        if visitor == len(self.known):
            kind, language = teller.kind(), rng.choices(("de", "en"), (3, 1))[0]
            self.known.append((kind, language))
            left = plan.began_at(plan.last_of_visitor[visitor])
            left = min(left + timedelta(minutes=5), plan.now)
            visitors.append(
                browsing.visitor_row(
                    *(pk, teller.cast.account.pk, kind, language, at, left),
                    *(self.texts, rng, teller.ids),
                )
            )
        kind, language = self.known[visitor]
        began = browsing.page(rng) if kind == "website" else {}
        if began and rng.random() < VISITED:
            visit, seen = browsing.visit_rows(
                self.next_visit, pk, began, at, plan.now, rng
            )
            self.next_visit += 1
            visits.append(visit)
            pages += seen
        key = self.first_conversation + number
        return teller.tell(number, key, pk, kind, language, began)


def _reserve(model: type[models.Model], number: int) -> int:
    """The first of so many keys that nobody else will be given."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(sequence, nextval(sequence) + %s) - %s"
            " FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence) of",
            [number, number, table],
        )
        return int(cursor.fetchone()[0])


def _copy(model: type[models.Model], rows: Iterable[Row]) -> None:
    columns = ", ".join(_COLUMNS[model].split())
    statement = f"COPY {model._meta.db_table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
