"""No list of the inbox reads a big table from end to end, however it is asked for.

On some thousand conversations with fresh statistics, and the planner left alone:
what it reads in full here it would read in full among millions.
"""

import re
from contextlib import contextmanager
from datetime import date

import pytest
from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.counts import breakdown
from conversations.highlighting import mark_hits
from conversations.inbox import (
    SHOWS,
    SORTS,
    InboxQuery,
    count_found,
    count_visited,
    list_page,
)
from conversations.models import Conversation, SearchWord
from conversations.part_words import words_with
from conversations.search_keys import keys_if_few
from conversations.services import giving_out
from conversations.services.searching import index_conversations
from conversations.sidebar import sidebar_of
from conversations.words import account_word
from supportdesk.demo.load.filling import fill
from supportdesk.demo.load.vocabulary import FREQUENT, RARE
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

CONVERSATIONS = 6_000
COUNTS = "conv_open_counts"
BIG = {
    "conversations_conversation",
    "conversations_message",
    "conversations_assignment",
    "conversations_conversationread",
    "conversations_searchdocument",
    "visitors_visitor",
    "visitors_visit",
    "visitors_pageview",
}


@pytest.fixture(scope="module", autouse=True)
def loaded(django_db_setup, django_db_blocker):
    """One load for all tests here, which only read; nothing of it stays."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield fill(
            account="Load",
            conversations=CONVERSATIONS,
            messages=CONVERSATIONS * 4,
            seed=1,
            now=timezone.now(),
        )
        transaction.set_rollback(True)


DOCUMENTS = """
INSERT INTO conversations_searchdocument (conversation_id, words, seq, changed_at)
SELECT
    conversation_id,
    to_tsvector('simple', string_agg(text, ' ')) || array_to_tsvector(ARRAY[%s]),
    max(seq),
    now()
FROM conversations_message WHERE kind <> 'event' GROUP BY conversation_id
"""


@pytest.fixture(scope="module")
def documents(loaded, django_db_blocker):
    """The words of all, as the job would have written them one by one."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(DOCUMENTS, [account_word(loaded.pk)])
        cursor.execute("SELECT gin_clean_pending_list('search_words')")
        cursor.execute("ANALYZE conversations_searchdocument")


@pytest.fixture(params=["owner", "agent"])
def viewer(loaded, request):
    return loaded.agents.filter(role=request.param).order_by("pk").first()


def plans_of(act, analyze=False):
    """The plans of all queries that `act` sends; with what they read, if asked for."""
    statements = []

    def remember(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        act()
    plans = []
    for sql, params in statements:
        if not sql.lstrip().upper().startswith(("SELECT", "WITH", "(SELECT")):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON, ANALYZE {analyze}) {sql}", params)
            [[plan]] = cursor.fetchone()
        plans.append(plan["Plan"])
    return plans


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@contextmanager
def rather_by_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")


def scanned(act):
    """Big tables that are read in full."""
    plans = plans_of(act)
    assert plans
    return {
        node["Relation Name"]
        for plan in plans
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
    }


def page(viewer, query, pages=1):
    """Read the first page, or those after it up to one that is deep."""
    after = ""
    for _ in range(pages):
        after = list_page(viewer, query, after).after or after


def middle(account, status):
    rows = Conversation.objects.filter(account=account, status=status)
    row = rows.order_by("pk")[rows.count() // 2]
    at = int(row.last_activity_at.timestamp() * 1_000_000)
    return f"-_{at}_{row.pk}"


def test_a_table_that_is_read_in_full_is_noticed(loaded):
    rows = Conversation.objects.filter(rating_comment="x")

    assert scanned(lambda: list(rows)) == {"conversations_conversation"}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("show", SHOWS)
def test_every_part_of_the_inbox_in_every_order_has_its_index(viewer, show, sort):
    query = InboxQuery(show=show, sort=sort)

    assert scanned(lambda: page(viewer, query, pages=2)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_deep_pages_have_their_index(viewer, status):
    query = InboxQuery(status=status)
    after = middle(viewer.account, status)

    assert scanned(lambda: list_page(viewer, query, after)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
@pytest.mark.parametrize("filtered", ["group", "agent", "both"])
def test_filters_have_their_index(viewer, status, filtered):
    group = (viewer.account.groups.first().pk,) if filtered != "agent" else ()
    agent = (viewer.account.agents.last().pk,) if filtered != "group" else ()
    query = InboxQuery(status=status, group=group, agent=agent)

    assert scanned(lambda: page(viewer, query)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_what_was_missed_has_its_index(viewer, status):
    query = InboxQuery(status=status, missed="1")

    assert scanned(lambda: page(viewer, query)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
@pytest.mark.parametrize(
    "asked",
    [
        {"rating": (1,)},
        {"rating": (1, 3)},
        {"tag": (1, 2)},
        {"tag": (1, 2), "tags": "all"},
        {"tag": (1,), "tags": "none"},
        {"channel": ("email",)},
        {"since": date(2025, 1, 1), "until": date(2025, 1, 2)},
        {"ip": "203.0.113.7"},
        {"ip": "203.0.113.0/24"},
        {"files": "1"},
        {"language": ("en",)},
        {"language": ("en", "de")},
        {"language": ("de",), "channel": ("email",), "rating": (5,)},
        {"language": ("en",), "ip": "203.0.113.0/24", "files": "1"},
        {"tag": (1,), "missed": "1", "since": date(2025, 1, 1)},
    ],
)
def test_searches_have_their_index(viewer, status, asked):
    query = InboxQuery(status=status, **asked)

    assert scanned(lambda: page(viewer, query, pages=2)) == set()
    # Of some thousand rows they count a thousand, and rightly read all: the question
    # is whether there is another way.
    with rather_by_index():
        assert scanned(lambda: count_found(viewer, query)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_the_few_in_another_language_are_not_looked_for_among_all(loaded, status):
    owner = factories.owner_of(loaded)
    query = InboxQuery(status=status, language=("en",))
    rows = Conversation.objects.filter(account=loaded, language="en")
    few = rows.filter(pk__in=rows.values("pk")[:20])
    rows.exclude(pk__in=list(few.values_list("pk", flat=True))).update(language="de")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")

    plans = plans_of(lambda: list_page(owner, query))

    indexes = {node.get("Index Name") for plan in plans for node in nodes(plan)}
    assert "conv_language" in indexes


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_pages_of_visitors_are_read_by_their_keys(viewer, status):
    """A page of such a search asks for a fifth of the visits here, for which servers
    rightly read all of them: the question is whether there is another way."""
    query = InboxQuery(status=status, url="/service/")

    with rather_by_index():
        assert scanned(lambda: page(viewer, query, pages=2)) == set()
        assert scanned(lambda: count_visited(viewer, query)) == set()


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(
    "asked",
    [
        {"snoozed": "1", "rating": (1,)},
        {"following": "1", "tag": (1,)},
        {"missed": "1", "url": "/service/"},
        {"q": "mill parcel*"},
    ],
)
def test_searches_beside_snooze_and_follow_have_their_index(
    documents, viewer, sort, asked
):
    query = InboxQuery(sort=sort, **asked)

    with rather_by_index():
        assert scanned(lambda: page(viewer, query, pages=2)) == set()
        assert scanned(lambda: count_found(viewer, query)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
@pytest.mark.parametrize("q", [RARE, FREQUENT, f"{RARE} {FREQUENT}", "nowhere", "par*"])
def test_words_have_their_index(documents, viewer, status, q):
    query = InboxQuery(status=status, q=q)

    # Of a frequent word so many are read as are wanted, from wherever they stand.
    with rather_by_index():
        assert scanned(lambda: page(viewer, query, pages=2)) == set()


def test_a_rare_word_is_looked_up_among_the_words(documents, viewer):
    query = InboxQuery(status="resolved", q=RARE)

    plans = plans_of(lambda: list_page(viewer, query))

    indexes = {node.get("Index Name") for plan in plans for node in nodes(plan)}
    assert "search_words" in indexes


@pytest.fixture
def small(documents):
    """The owner of an account with three conversations beside the many."""
    owner = factories.owner_of(factories.make_account())
    texts = (FREQUENT, f"{FREQUENT} {RARE}", "Hello")
    rows = [factories.make_conversation(owner.account, text=text) for text in texts]
    index_conversations(conversation_ids=[row.pk for row in rows])
    return owner


@pytest.mark.parametrize(("q", "number"), [(FREQUENT, 2), (RARE, 1), ("hello", 1)])
def test_words_are_looked_up_among_those_of_the_account(small, q, number):
    assert Conversation.objects.filter(search_document__words=FREQUENT).count() > 1_000
    asked = SearchQuery(q.lower(), config="simple")

    plans = plans_of(lambda: keys_if_few(asked, small.account), analyze=True)

    [read] = [
        node["Actual Rows"]
        for plan in plans
        for node in nodes(plan)
        if node.get("Index Name") == "search_words"
    ]
    assert read == number


def test_parts_are_looked_up_among_the_words_of_the_account(small, loaded):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_searchword SELECT %s, 'part' || number"
            " FROM generate_series(1, 20000) AS number",
            [loaded.pk],
        )
        cursor.execute("ANALYZE conversations_searchword")

    plans = plans_of(lambda: words_with(["part"], small.account), analyze=True)

    own = SearchWord.objects.filter(account=small.account).count()
    [left_out] = [
        node["Rows Removed by Filter"]
        for plan in plans
        for node in nodes(plan)
        if node.get("Relation Name") == SearchWord._meta.db_table
    ]
    # None are read where the server lacks trigrams.
    assert left_out in (0, own)


def test_parts_are_looked_up_among_their_trigrams(loaded):
    """The words of a load are so few that servers rightly read all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_searchword SELECT %s, 'x' || number"
            " FROM generate_series(1, 20000) AS number",
            [loaded.pk],
        )
        cursor.execute("ANALYZE conversations_searchword")
        cursor.execute("SELECT to_regclass('search_word_parts') IS NOT NULL")
        [has_trigrams] = cursor.fetchone()
        if has_trigrams:
            cursor.execute("SELECT gin_clean_pending_list('search_word_parts')")

    with rather_by_index():
        plans = plans_of(lambda: words_with(["19999"], loaded))

    indexes = {node.get("Index Name") for plan in plans for node in nodes(plan)}
    assert ("search_word_parts" in indexes) == has_trigrams


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_hits_are_read_from_the_ends_of_the_threads(documents, viewer, status):
    query = InboxQuery(status=status, q=FREQUENT)
    rows = list_page(viewer, query).rows
    assert rows

    assert scanned(lambda: mark_hits(rows, FREQUENT)) == set()


@pytest.mark.parametrize("status", Conversation.Status.values)
def test_the_whole_page_with_its_counts_has_its_indexes(viewer, status):
    client = signed_in(viewer)
    address = f"{reverse('conversations:inbox')}?status={status}"

    assert scanned(lambda: client.get(address)) == set()


def test_a_thread_has_its_index(loaded):
    owner = factories.owner_of(loaded)
    client = signed_in(owner)
    longest = loaded.conversations.latest("last_seq")
    address = reverse("conversations:conversation", args=[longest.public_id])

    assert scanned(lambda: client.get(address)) == set()
    assert scanned(lambda: client.get(f"{address}?before=100")) == set()


def test_what_stands_beside_the_lists_reads_only_what_is_open(viewer):
    assert scanned(lambda: sidebar_of(viewer)) == set()


def test_numbers_are_counted_in_their_index_alone(loaded):
    [index] = [each for each in Conversation._meta.indexes if each.name == COUNTS]
    held = {"account_id", "group_id", "status", *index.include}

    with CaptureQueriesContext(connection) as captured:
        breakdown(loaded.pk)

    [query] = captured.captured_queries
    assert set(re.findall(r'conversation"\."(\w+)"', query["sql"])) == held


def test_giving_out_reads_only_what_is_open(loaded):
    groups = {None, *loaded.groups.values_list("pk", flat=True)}
    agents = set(loaded.agents.values_list("pk", flat=True))

    assert scanned(lambda: giving_out._waiting(loaded.pk, groups)) == set()
    assert giving_out._with_room(loaded.pk, None, 10_000, agents)
    assert (
        scanned(lambda: giving_out._with_room(loaded.pk, None, 10_000, agents)) == set()
    )


def test_the_few_that_hold_a_word_are_sorted_and_not_walked_to(documents, viewer):
    query = InboxQuery(status="resolved", q=RARE)

    plans = plans_of(lambda: list_page(viewer, query))

    used = {node.get("Index Name") for plan in plans for node in nodes(plan)}
    assert "search_words" in used
    assert "conv_inbox" not in used
