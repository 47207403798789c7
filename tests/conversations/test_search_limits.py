"""A search that would take too long is given up, and says so."""

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from conversations.exceptions import TookTooLong
from conversations.time_limits import limited
from conversations.views import exports, inbox
from tests import factories
from tests.conversations.desk import htmx, signed_in

pytestmark = pytest.mark.django_db

INBOX = "/"
SAID = "This search takes too long. Add another word or filter."


def sleep(*args, **more):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def limit_now():
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()


@pytest.fixture
def slow(account, monkeypatch):
    """Searches that take a minute where they have a moment."""
    factories.make_conversation(account, text="Hello")
    monkeypatch.setattr(inbox, "TIME_TO_SEARCH", 20)
    monkeypatch.setattr(inbox, "list_page", sleep)


@pytest.mark.parametrize("query", [{"q": "hello"}, {"url": "/"}, {"ip": "203."}])
def test_a_search_without_end_is_given_up_and_said(slow, anna, query):
    client = signed_in(anna)

    for headers in ({}, htmx("list")):
        response = client.get(INBOX, query, headers=headers)
        assert response.status_code == 200
        assert SAID in response.text
        assert "Nothing found" not in response.text
        assert "Clear the search" in response.text


def test_further_rows_say_it_in_their_place(slow, anna):
    asked = {"q": "hello", "after": "-_1_1"}

    text = signed_in(anna).get(INBOX, asked, headers=htmx("next-rows")).text

    assert text.count(SAID) == 1
    assert "hx-get" not in text


def test_lists_that_search_for_nothing_have_no_limit(account, anna, monkeypatch):
    limits = []
    whole = inbox.list_page

    def list_page(*args):
        limits.append(limit_now())
        return whole(*args)

    monkeypatch.setattr(inbox, "list_page", list_page)
    client = signed_in(anna)
    for query in ({}, {"missed": "1"}, {"q": "hello"}):
        client.get(INBOX, query)

    assert limits == [("0",), ("0",), ("3s",)]
    assert limit_now() == ("0",)


def test_a_number_that_takes_too_long_is_left_out(account, anna, monkeypatch):
    monkeypatch.setattr("conversations.inbox.PAGE_SIZE", 1)
    monkeypatch.setattr(inbox, "TIME_TO_COUNT", 20)
    channel = factories.make_channel(account)
    for _ in range(2):
        factories.make_conversation(channel=channel)
    asked = {"channel": "website"}
    client = signed_in(anna)
    assert "2 conversations found" in client.get(INBOX, asked).text

    monkeypatch.setattr(inbox, "count_rows", sleep)
    text = client.get(INBOX, asked).text

    assert "conversations found" not in text
    assert 'id="conv-' in text


def test_an_export_begins_without_a_number_that_takes_too_long(
    account, anna, monkeypatch
):
    factories.make_conversation(account)
    monkeypatch.setattr(exports, "TIME_TO_COUNT", 20)
    monkeypatch.setattr(exports, "count_found", sleep)

    asked = {"new": "1", "q": "hello"}
    text = signed_in(anna).get(reverse("conversations:exports"), asked).text

    assert "All conversations that your search finds." in text


def test_other_failures_are_no_matter_of_time():
    with pytest.raises(OperationalError), limited(1_000):
        raise OperationalError("the server is gone")


@pytest.mark.django_db(transaction=True)
def test_a_limit_ends_with_what_it_was_for():
    with pytest.raises(TookTooLong), limited(20):
        sleep()
    assert limit_now() == ("0",)

    with limited(1_000):
        assert limit_now() == ("1s",)
    assert limit_now() == ("0",)
