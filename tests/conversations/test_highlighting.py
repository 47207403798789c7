"""Hits in the rows: a piece of the message that was hit, its words marked."""

import re

import pytest
from django.utils import timezone

from conversations import services
from conversations.highlighting import MAX_ENTRIES, Asked
from conversations.models import Message
from conversations.words import terms_of
from tests import factories
from tests.conversations.desk import signed_in


@pytest.fixture
def account(db):
    return factories.make_account(language="de")


def previews(agent, q):
    services.update_documents(now=timezone.now())
    text = signed_in(agent).get("/", {"q": q}).text
    rows = r'<span class="conv__preview[^>]*>(.*?)\s*</span><span class="count'
    return re.findall(rows, text, re.DOTALL)


def marked(text, q, stems=()):
    asked = Asked(tuple(terms_of(q)), dict(stems))
    spans = asked.marks(Message(text=text))
    # Looked through quickly, the same texts are found.
    assert bool(asked.count_in([text])[0]) is bool(spans)
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "q", "expected"),
    [
        ("Die MÜHLE und die Muhle", "mühle", ["MÜHLE", "Muhle"]),
        ("die Mu\u0308hle", "muhle", ["Mu\u0308hle"]),
        ("Straße", "STRASSE", ["Straße"]),
        ("Mahlsteine und Mahl", "mahlst*", ["Mahlsteine"]),
        ("Nr. MM-20291, MM 20291, 20291", "mm-20291", ["MM-20291", "MM 20291"]),
        ("blaue Mühle, Mühle blaue", '"blaue Mühle"', ["blaue Mühle"]),
        ("Mahlstein", "stein", ["Mahlstein"]),
        ("Mahlstein", '"stein"', []),
        ("[card \u00b7\u00b7\u00b7\u00b71111] card", "card", ["card"]),
        ("", "x", []),
    ],
)
def test_words_are_found_as_the_search_compares_them(text, q, expected):
    assert marked(text, q) == expected


def test_other_forms_are_found_by_their_stem():
    assert marked("Mühle, Mühlen, Mühlrad", "Mühlen", {"muhlen": "muhl"}) == [
        "Mühle",
        "Mühlen",
        "Mühlrad",
    ]
    assert marked("Mühlengehäuse", '"Mühlen"', {"muhlen": "muhl"}) == []


def test_words_of_one_or_two_letters_have_no_other_forms():
    stems = {"a": "a", "zu": "zu"}

    assert marked("Anna added a jar", "a", stems) == ["a"]
    assert marked("Zum Laden zu spät", "zu", stems) == ["zu"]


def test_row_shows_the_message_that_was_hit(account, anna):
    conversation = factories.make_conversation(
        account, text="Guten Tag, gestern kam das Paket, aber der Mahlstein schleift."
    )
    factories.visitor_writes(conversation, "Hallo?")

    [preview] = previews(anna, "mahlsteine")

    assert preview == "… aber der <mark>Mahlstein</mark> schleift."


def test_message_with_most_of_the_words_is_shown(account, anna):
    conversation = factories.make_conversation(account, text="der Mahlstein schleift")
    factories.visitor_writes(conversation, "der Rest ist gut")

    [preview] = previews(anna, "der mahlstein")

    assert preview == "<mark>der</mark> <mark>Mahlstein</mark> schleift"


def test_hits_in_notes_and_answers_say_whose_they_are(account, anna):
    conversation = factories.make_conversation(account, text="Hallo")
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Kulanz geben")

    [preview] = previews(anna, "kulanz")

    assert "#i-sticky-note" in preview
    assert preview.endswith("<mark>Kulanz</mark> geben")


def test_what_is_marked_is_escaped(account, anna):
    factories.make_conversation(
        account, text='<script>alert(1)</script> <b>Mühle</b> & "x"'
    )

    [preview] = previews(anna, "mühle alert script")

    assert "<script" not in preview
    assert "<b>" not in preview
    assert "&lt;<mark>script</mark>&gt;<mark>alert</mark>(1)" in preview
    assert "&lt;b&gt;<mark>Mühle</mark>&lt;/b&gt; &amp; &quot;x&quot;" in preview


def test_card_numbers_stay_hidden_and_whole(account, anna):
    factories.make_conversation(account, text="Karte 4111 1111 1111 1111 Mahlstein")

    [preview] = previews(anna, "Mahlstein")

    assert "Card number hidden ····1111" in preview
    assert preview.endswith("<mark>Mahlstein</mark>")


def test_hit_in_the_name_leaves_the_usual_preview(account, anna):
    visitor = factories.make_visitor(account, name="Katharina")
    factories.make_conversation(account, visitor=visitor, text="Wo ist mein Paket?")

    assert previews(anna, "Katharina") == ["Wo ist mein Paket?"]


def test_only_the_end_of_a_thread_is_read(account, anna):
    conversation = factories.make_conversation(account, text="Mahlstein")
    for number in range(MAX_ENTRIES):
        factories.visitor_writes(conversation, f"Nachricht {number}")

    assert previews(anna, "Mahlstein") == [f"Nachricht {MAX_ENTRIES - 1}"]


@pytest.mark.parametrize("number", [1, 3])
def test_hits_cost_one_query(account, anna, number, django_assert_num_queries):
    for _ in range(number):
        factories.make_conversation(account, text="Mahlstein")
    client = signed_in(anna)
    services.update_documents(now=timezone.now())
    client.get("/")

    # Four of them limit the time of the search, within the test's transaction.
    with django_assert_num_queries(13):
        client.get("/", {"q": "mahlstein"})


def test_a_word_is_marked_for_its_part():
    assert marked("Die Verpackung war offen", "packung") == ["Verpackung"]
    assert marked("Die Verpackung war offen", '"packung"') == []
    assert marked("Die Verpackung war offen", "ck") == []
