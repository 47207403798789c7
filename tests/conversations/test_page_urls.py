"""Searching for a page: where a conversation began, and what its visitor has seen."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from conversations import inbox, page_urls, services
from conversations.exporting.results import Results
from conversations.inbox import InboxQuery, count_visited, list_page
from conversations.models import Conversation
from conversations.page_urls import visited
from tests import factories
from tests.conversations.desk import signed_in
from visitors.models import PageView, Visit

pytestmark = pytest.mark.django_db

INBOX = "/"
MILL = "https://x.example/mill"


def found(agent, address):
    page = list_page(agent, InboxQuery.parse(QueryDict(address)))
    return [row.pk for row in page.rows]


def visit_of(conversation, **fields):
    now = timezone.now()
    return Visit.objects.create(
        visitor=conversation.visitor, started_at=now, last_seen_at=now, **fields
    )


def visits(visitor, number, *urls):
    """So many visits, each a day before the last; of the oldest the pages."""
    now = timezone.now()
    made = [
        Visit(visitor=visitor, started_at=at, last_seen_at=at)
        for at in (now - timedelta(days=day) for day in range(number))
    ]
    Visit.objects.bulk_create(made)
    PageView.objects.bulk_create(
        PageView(visit=made[-1], url=url, at=now) for url in urls
    )


def test_pages_are_those_of_the_visits_and_of_the_beginning(account, anna):
    channel = factories.make_channel(account)
    visited, other = [factories.make_conversation(channel=channel) for _ in range(2)]
    began = services.start_conversation(
        visitor=factories.make_visitor(account),
        channel=channel,
        data={"url": "https://shop.example.com/Service/mills?a=100%"},
    )
    visit_of(visited).pages.create(
        url="https://shop.example.com/service/mills", at=timezone.now()
    )
    visit_of(other).pages.create(url="https://shop.example.com/", at=timezone.now())

    assert found(anna, "url=/service/") == [began.pk, visited.pk]
    assert found(anna, "url=100%25") == [began.pk]
    assert found(anna, "url=s_rvice") == []


def test_pages_are_looked_for_some_rows_at_a_time(account, anna, monkeypatch):
    monkeypatch.setattr("conversations.inbox.MAX_LOOKED_AT", 2)
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(5)]
    visit_of(rows[0]).pages.create(url="https://x.example/mill", at=timezone.now())
    query = InboxQuery.parse(QueryDict("url=mill"))

    pages, after = [], ""
    while not pages or after:
        page = list_page(anna, query, after)
        pages.append([row.pk for row in page.rows])
        after = page.after

    assert pages == [[], [], [rows[0].pk]]
    first = signed_in(anna).get(INBOX, {"url": "mill"})
    assert "search further" in first.text
    assert "Nothing found" not in first.text


def test_visits_of_others_do_not_displace_those_of_a_visitor(account, anna):
    rows = [factories.make_conversation(account) for _ in range(3)]
    visits(rows[0].visitor, 1, MILL)
    for row in rows[1:]:
        visits(row.visitor, page_urls.MAX_VISITS)
    Visit.objects.filter(visitor=rows[0].visitor).update(
        started_at=timezone.now() - timedelta(days=900),
        last_seen_at=timezone.now() - timedelta(days=900),
    )

    assert visited([row.pk for row in rows], "/mill") == ({rows[0].pk}, False)


def test_visits_that_nobody_looked_at_are_said(account, anna, monkeypatch):
    monkeypatch.setattr(page_urls.visited, "__kwdefaults__", {"visits": 2})
    row = factories.make_conversation(account)
    visits(row.visitor, 3, MILL)
    query = InboxQuery.parse(QueryDict("url=/mill"))

    assert list_page(anna, query).is_cut
    assert count_visited(anna, query) == (0, True)
    text = signed_in(anna).get(INBOX, {"url": "/mill"}).text
    assert "Nothing found" in text
    assert "only the latest were looked at" in text


def test_who_is_found_has_nothing_left_to_look_at(account, anna, monkeypatch):
    monkeypatch.setattr(page_urls.visited, "__kwdefaults__", {"visits": 2})
    row = factories.make_conversation(account)
    visits(row.visitor, 2, MILL)
    Visit.objects.create(
        visitor=row.visitor,
        started_at=timezone.now() - timedelta(days=9),
        last_seen_at=timezone.now() - timedelta(days=9),
    )

    assert visited([row.pk], "/MILL") == ({row.pk}, False)
    assert "only the latest" not in signed_in(anna).get(INBOX, {"url": "mill"}).text


def test_a_file_holds_what_any_visit_has(account, anna, monkeypatch):
    monkeypatch.setattr(page_urls.visited, "__kwdefaults__", {"visits": 1})
    row = factories.make_conversation(account)
    visits(row.visitor, 3, MILL)
    results = Results(anna, "url=/mill")

    assert results.rows(anna, results.keys)[1] == 1


def test_what_was_taken_in_began_where_it_began(account, anna):
    channel = factories.make_channel(account)
    visitor = factories.make_visitor(account)
    first, second = (
        services.start_conversation(visitor=visitor, channel=channel, data={"url": url})
        for url in ("https://x.example/", MILL)
    )
    services.join_conversations(kept_id=first.pk, merged_id=second.pk, agent=anna)

    assert found(anna, "url=/mill") == [first.pk]


@pytest.mark.parametrize("sort", inbox.SORTS)
def test_a_row_that_goes_meanwhile_does_not_end_the_search(
    account, anna, monkeypatch, sort
):
    monkeypatch.setattr(inbox, "MAX_LOOKED_AT", 2)
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(5)]
    visits(rows[0].visitor, 1, MILL)
    query = InboxQuery.parse(QueryDict(f"url=mill&sort={sort}"))
    look = inbox.visited

    def look_and_lose(keys, url):
        looked_at = look(keys, url)
        if len(keys) == 2:
            Conversation.objects.filter(pk=keys[-1]).delete()
        return looked_at

    monkeypatch.setattr(inbox, "visited", look_and_lose)
    pages, after = [], ""
    while not pages or after:
        page = list_page(anna, query, after)
        pages.append([row.pk for row in page.rows])
        after = page.after

    assert len(pages) == 3
    assert [pk for page in pages for pk in page] == [rows[0].pk]


def test_asking_costs_the_same_with_more_rows(account, django_assert_num_queries):
    rows = [factories.make_conversation(account) for _ in range(3)]
    for row in rows:
        visits(row.visitor, 2, MILL)

    for number in (1, 3):
        with django_assert_num_queries(4):
            assert (
                len(visited([row.pk for row in rows[:number]], "/mill").keys) == number
            )
