"""Accounts share the index of words, and no search reads what is of another one."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from conversations import services
from conversations.inbox import InboxQuery, list_page
from conversations.models import SearchDocument, SearchWord
from conversations.services.word_list import forget_words
from conversations.words import account_word, terms_of
from tests import factories

pytestmark = pytest.mark.django_db


def update():
    return services.update_documents(now=timezone.now())


def marked():
    """Which account's word stands in which conversation's document."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conversation_id, array_agg(lexeme)"
            " FROM conversations_searchdocument, unnest(words)"
            " WHERE lexeme LIKE '@%%' GROUP BY conversation_id",
        )
        return dict(cursor.fetchall())


def found(agent, text):
    query = QueryDict(mutable=True)
    query["q"] = text
    return [row.pk for row in list_page(agent, InboxQuery.parse(query)).rows]


@pytest.fixture
def rows(account):
    """One conversation of each of two accounts, by their accounts' keys."""
    made = [
        factories.make_conversation(each, text="Mühle")
        for each in (account, factories.make_account())
    ]
    update()
    return {row.account_id: row for row in made}


def of_its_account(rows):
    return {row.pk: [account_word(account)] for account, row in rows.items()}


def test_every_document_says_whose_it_is(rows):
    assert marked() == of_its_account(rows)


def test_documents_say_it_however_they_are_written(rows):
    for row in rows.values():
        factories.visitor_writes(row, "Kaffee")

    assert update() == 2
    assert marked() == of_its_account(rows)

    services.rebuild_documents()
    assert marked() == of_its_account(rows)


def test_documents_with_too_many_words_say_it_too(account):
    row = factories.make_conversation(account, text="Anfang")
    update()
    long = " ".join(f"wort{number}" for number in range(2_000))
    for start in range(5):
        factories.visitor_writes(row, long.replace("wort", f"w{start}")[:9_000])
    update()

    assert marked() == {row.pk: [account_word(account.pk)]}


@pytest.mark.parametrize(
    "text", ["@{}", '"@{}"', "@{}*", "'@{}'", "\\@{}", "@@{}", "\uff20{}", "x|@{}"]
)
def test_nobody_can_ask_for_an_account(rows, account, anna, text):
    asked = text.format(account.pk)

    assert not any("@" in word for term in terms_of(asked) for word in term.words)
    assert found(anna, asked) == []


def test_former_documents_are_marked_some_at_a_time(rows, monkeypatch):
    migration = import_module("conversations.migrations.0018_words_of_accounts")
    monkeypatch.setattr(migration, "BATCH", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_searchdocument"
            " SET words = to_tsvector('simple', 'muhle')"
        )
    assert marked() == {}

    for _again in range(2):
        migration.mark_documents(apps, SimpleNamespace(connection=connection))

    assert marked() == of_its_account(rows)
    assert all(
        found(factories.owner_of(row.account), "mühle") == [row.pk]
        for row in rows.values()
    )


def words_of(account):
    listed = SearchWord.objects.filter(account=account, word="muhle")
    return list(listed.values_list("word", flat=True))


def test_words_are_forgotten_though_others_use_them(rows, account):
    SearchDocument.objects.filter(pk=rows[account.pk].pk).delete()
    [other] = rows.keys() - {account.pk}

    for each in rows:
        forget_words(account_id=each, words=["muhle"])

    assert (words_of(account.pk), words_of(other)) == ([], ["muhle"])


def test_rebuilding_forgets_words_that_only_others_wrote(rows, account):
    stranger = factories.make_account()
    SearchWord.objects.create(account=stranger, word="muhle")

    services.rebuild_documents()

    assert words_of(stranger) == []
    assert all(words_of(each) == ["muhle"] for each in rows)
