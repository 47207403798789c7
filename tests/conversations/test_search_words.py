"""Free text: what is written is found by its words, however they are spelled."""

from datetime import timedelta

import pytest
from django.contrib.postgres.search import SearchQuery
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from conversations import services
from conversations.inbox import InboxQuery, list_page
from conversations.models import (
    Conversation,
    Message,
    SearchDocument,
    SearchProgress,
    SearchWord,
)
from conversations.part_words import words_with
from conversations.search_keys import keys_if_few
from conversations.words import Term, fold, terms_of, words_of
from tests import factories
from tests.conversations.desk import signed_in
from visitors import services as visitors
from visitors.models import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account(language="de")


def update():
    return services.update_documents(now=timezone.now())


def found(agent, text):
    query = QueryDict(mutable=True)
    query["q"] = text
    page = list_page(agent, InboxQuery.parse(query))
    return [row.pk for row in page.rows]


def test_words_are_folded_and_split():
    assert fold("MÜHLE Straße é") == "muhle strasse e"
    assert words_of("k.vogt@example.net, MM-20291") == [
        "k", "vogt", "example", "net", "mm", "20291"
    ]  # fmt: skip


def test_terms_are_words_phrases_and_beginnings():
    assert terms_of('Mahl* "blaue  Mühle" x "offen') == [
        Term(("mahl",), is_prefix=True),
        Term(("blaue", "muhle"), is_quoted=True),
        Term(("x",)),
        Term(("offen",), is_quoted=True),
    ]
    assert terms_of("Mah* ma* Ä*") == [
        Term(("mah",), is_prefix=True),
        Term(("ma",)),
        Term(("a",)),
    ]
    assert terms_of("* & | ! <-> :* \\ '' \"\"") == []
    assert len(terms_of(" ".join(map(str, range(500))))) == 12


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("Mühle", True),
        ("MUHLE", True),
        ("mühlen", True),
        ("mahlstein schleift", True),
        ("Mahlstein Kaffee", False),
        ('"der Mahlstein"', True),
        ('"Mühle Mahlstein"', False),
        ("Mahlst*", True),
        ("der*", True),
        ("Ma*", False),
        ("mm-20291", True),
        ("20291", True),
        ("der", True),
        ("Katharina", True),
        ("vogt@example.net", True),
        ("schein.pdf", False),
        ("' OR 1=1", False),
        ("!mahlstein", True),
    ],
)
def test_words_find_what_was_written(account, anna, text, finds):
    visitor = factories.make_visitor(
        account, name="Katharina", email="k.vogt@example.net"
    )
    conversation = factories.make_conversation(
        account, visitor=visitor, text="Der Mahlstein der Mühle MM-20291 schleift."
    )
    factories.make_conversation(account, text="Kaffee?")
    update()

    assert found(anna, text) == ([conversation.pk] if finds else [])


def test_notes_are_found_and_event_lines_are_not(account, anna):
    conversation = factories.make_conversation(account)
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Kulanz")
    update()

    assert found(anna, "Kulanz") == [conversation.pk]
    assert found(anna, "started") == []


def test_what_is_new_is_added_and_what_stands_there_is_kept(account, anna):
    conversation = factories.make_conversation(account, text="erstes")
    assert update() == 1
    factories.visitor_writes(conversation, "zweites")

    assert found(anna, "zweites") == []
    assert update() == 1
    assert found(anna, "erstes zweites") == [conversation.pk]
    assert update() == 0


def test_progress_waits_for_what_may_still_be_committed(account):
    factories.make_conversation(account)
    update()
    assert SearchProgress.objects.get().message_id == 0

    services.update_documents(now=timezone.now() + timedelta(minutes=2))

    newest = Conversation.objects.get().messages.latest("pk").pk
    assert SearchProgress.objects.get().message_id == newest


def test_former_name_finds_nobody(account, anna):
    visitor = factories.make_visitor(account, name="Katharina")
    conversation = factories.make_conversation(account, visitor=visitor)
    update()
    visitors.update_contact(visitor=visitor, source=Source.FORM, name="Almut")

    services.index_visitor(visitor_id=visitor.pk)

    assert found(anna, "Katharina") == []
    assert found(anna, "Almut") == [conversation.pk]


def test_name_changed_by_an_agent_replaces_the_former(account, anna):
    visitor = factories.make_visitor(account, name="Katharina")
    conversation = factories.make_conversation(account, visitor=visitor)
    update()
    services.change_contact(conversation_id=conversation.pk, agent=anna, name="Almut")

    update()

    assert found(anna, "Katharina") == []
    assert found(anna, "Almut") == [conversation.pk]


def test_card_numbers_are_not_among_the_words(account, anna):
    factories.make_conversation(account, text="Karte 4111 1111 1111 1111 bitte")
    update()

    assert found(anna, "4111") == []
    assert found(anna, "Karte") != []


def test_words_of_another_account_or_group_are_not_found(account, anna):
    group = factories.make_group(account)
    own = factories.make_group(account, "Own")
    limited = factories.make_agent(account, "Mira Sahin", groups=(own,))
    factories.make_conversation(account, group=group, text="Geheimnis")
    stranger = factories.make_account()
    factories.make_conversation(stranger, text="Geheimnis")
    update()

    assert len(found(anna, "Geheimnis")) == 1
    assert found(limited, "Geheimnis") == []


def test_erased_visitors_leave_no_words(account, anna):
    conversation = factories.make_conversation(account)
    update()

    services.erase_visitor(visitor=conversation.visitor, agent=anna)

    assert not SearchDocument.objects.exists()


def many_words(start, end):
    return " ".join(f"w{number:05}{'a' * 18}" for number in range(start, end))


def test_a_thread_with_more_words_than_fit_is_still_found(account, anna):
    small = factories.make_conversation(account, text="guter Mahlstein")
    large = factories.make_conversation(account, text="Anfang")
    large.messages.filter(by_visitor=True).update(
        text=f"Anfang {many_words(0, 30_000)}"
    )
    assert update() == 2
    added = factories.visitor_writes(large, "Mehl")
    Message.objects.filter(pk=added.pk).update(
        text=f"guter Mahlstein {many_words(30_000, 39_000)}"
    )
    factories.visitor_writes(small, "Danke")

    assert update() == 2
    assert found(anna, "Anfang Mahlstein") == [large.pk]
    # What does not fit with the places of its words costs it phrases, and others nothing.
    assert found(anna, '"guter Mahlstein"') == [small.pk]


def test_one_that_is_too_large_costs_the_others_nothing(account, anna):
    large, small = (
        factories.make_conversation(account, text=text)
        for text in ("Anfang", "guter Mahlstein")
    )
    large.messages.filter(by_visitor=True).update(
        text=f"Anfang {many_words(0, 49_000)}"
    )

    assert update() == 2
    assert update() == 0
    # Of too many words, the first ones.
    assert found(anna, "Anfang") == [large.pk]
    assert found(anna, '"guter Mahlstein"') == [small.pk]


def test_everything_can_be_written_anew(account, anna, capsys):
    conversation = factories.make_conversation(account, text="Mahlstein")

    call_command("rebuild_search")

    assert found(anna, "Mahlstein") == [conversation.pk]
    assert "1 conversations can be searched." in capsys.readouterr().out


def test_search_that_finds_nothing_says_so(anna):
    text = signed_in(anna).get("/", {"q": "<b>nichts"}).text

    assert "Nothing found" in text
    assert "&lt;b&gt;nichts" in text


# Parts of words: where the server has trigrams


def has_trigrams():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'")
        return cursor.fetchone() is not None


@pytest.fixture
def verpackung(account):
    visitor = factories.make_visitor(
        account, name="Max Hofmann", email="packer@example.net"
    )
    text = "Die Verpackung MM-20291 war offen."
    conversation = factories.make_conversation(account, visitor=visitor, text=text)
    factories.make_conversation(account, text="Kaffee?")
    update()
    return conversation


@pytest.mark.parametrize(
    "text",
    ["ofman", "HOFMAN", "packung", "xampl", "0291", "ofman packung", "verp offen"],
)
def test_parts_find_the_words_they_are_in(verpackung, anna, text):
    expected = [verpackung.pk] if has_trigrams() else []

    assert found(anna, text) == expected


@pytest.mark.parametrize(
    "text", ['"packung"', "packung*", "ck", "packung kaffee", "%ack%", "p_ckung"]
)
def test_what_is_quoted_or_too_short_is_no_part(verpackung, anna, text):
    assert found(anna, text) == ([verpackung.pk] * (text == "%ack%" and has_trigrams()))


def test_beginnings_are_found_on_every_server(verpackung, anna):
    assert found(anna, "verp*") == [verpackung.pk]


def test_words_of_other_accounts_are_not_looked_through(verpackung, anna):
    stranger = factories.owner_of(factories.make_account())

    assert words_with(["packung"], stranger.account) == {"packung": ()}
    assert found(stranger, "packung") == []


def test_a_server_without_the_index_finds_whole_words(verpackung, anna):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS search_word_parts")

    assert found(anna, "packung") == []
    assert found(anna, "Verpackung") == [verpackung.pk]


@pytest.mark.django_db(transaction=True)
def test_an_index_that_can_be_had_later_is_made(verpackung, anna):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS search_word_parts")
        cursor.execute("DELETE FROM conversations_searchword")

    call_command("rebuild_search")

    assert found(anna, "packung") == ([verpackung.pk] if has_trigrams() else [])


def test_the_nearest_words_are_taken_and_not_all(account, anna, monkeypatch):
    monkeypatch.setattr("conversations.part_words.MAX_WORDS", 2)
    factories.make_conversation(account, text="xmehlxxx mehlx xmehlx mehl")
    update()

    nearest = ("mehlx", "xmehlx") if has_trigrams() else ()
    assert words_with(["mehl"], account) == {"mehl": nearest}


def test_words_of_an_erased_visitor_are_forgotten(verpackung, account, anna):
    other = factories.make_conversation(account, text="Eine Verpackung")
    update()

    services.erase_visitor(visitor=verpackung.visitor, agent=anna)

    words = set(SearchWord.objects.values_list("word", flat=True))
    assert "verpackung" in words
    assert not words & {"hofmann", "packer", "20291"}
    assert found(anna, '"verpackung"') == [other.pk]


def test_rebuilding_forgets_words_that_nobody_wrote(verpackung, account):
    SearchWord.objects.create(account=account, word="gespenst")

    call_command("rebuild_search")

    words = set(SearchWord.objects.values_list("word", flat=True))
    assert "gespenst" not in words
    assert "hofmann" in words


# Rare and frequent words


@pytest.mark.parametrize("most", [0, 1, 2])
def test_rare_and_frequent_words_find_the_same(account, anna, monkeypatch, most):
    monkeypatch.setattr("conversations.search_keys.MAX_FEW", most)
    rows = [factories.make_conversation(account, text="Mühle") for _ in range(2)]
    factories.make_conversation(factories.make_account(), text="Mühle")
    update()

    assert found(anna, "mühle") == [row.pk for row in reversed(rows)]
    assert found(anna, "nirgends") == []


def test_words_of_other_accounts_do_not_make_a_word_frequent(account, monkeypatch):
    monkeypatch.setattr("conversations.search_keys.MAX_FEW", 1)
    row = factories.make_conversation(account, text="Mühle")
    other = factories.make_account()
    for _ in range(2):
        factories.make_conversation(other, text="Mühle")
    update()
    asked = SearchQuery("muhle", config="simple")

    assert keys_if_few(asked, account) == [row.pk]
    assert keys_if_few(asked, other) is None
