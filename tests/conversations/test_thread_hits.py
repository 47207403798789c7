"""A thread that was opened from a search shows what was found in it."""

import re

import pytest

from conversations import services
from conversations.thread import PAGE_SIZE
from conversations.thread_hits import Hits, asked_of, find_hits
from tests import factories
from tests.conversations.desk import address, signed_in

pytestmark = pytest.mark.django_db

THREAD = {"HX-Request": "true", "HX-Target": "thread"}


@pytest.fixture
def account():
    return factories.make_account(language="de")


@pytest.fixture
def conversation(account):
    return factories.make_conversation(account, text="Der Mahlstein schleift")


def write(conversation, *texts):
    return [factories.visitor_writes(conversation, text) for text in texts]


def long_thread(conversation, *, hits_at):
    """One of four pages, which says "Kulanz" in some entries; returns the number."""
    last = 4 * PAGE_SIZE
    for seq in range(conversation.last_seq + 1, last + 1):
        text = "Es geht um Kulanz" if seq in hits_at else f"Nachricht {seq}"
        write(conversation, text)
    return last


def seqs(conversation, q, at=None):
    row = factories.fresh(conversation)
    return find_hits(row, asked_of(row, q), at).seqs


def opened(agent, conversation, **query):
    return signed_in(agent).get(address("conversation", conversation), query).text


def shown(text):
    return [int(seq) for seq in re.findall(r'<li [^>]*data-seq="(\d+)"', text)]


def bar(text):
    found = re.search(r'<p class="hits__number" role="status">([^<]*)</p>', text)
    return found and found[1]


@pytest.mark.parametrize(
    ("q", "written"),
    [
        ("mahlstein", "Der MAHLSTEIN"),
        ("mühle", "zwei Muhlen"),
        ("Muhlen", "die Mu\u0308hle"),
        ("strasse", "Straße"),
        ("packung", "Verpackung"),
        ("mahl*", "Mahlwerk"),
        ("mm-20291", "Nr. MM 20291."),
        ('"blaue Mühle"', "eine blaue\nMühle"),
        ("ja", "ja, bitte"),
    ],
)
def test_words_are_found_as_the_search_finds_them(account, q, written):
    conversation = factories.make_conversation(account, text="Guten Tag")
    [hit] = write(conversation, written)

    assert seqs(conversation, q) == (hit.seq,)


@pytest.mark.parametrize(
    ("q", "written"),
    [
        ('"packung"', "Verpackung"),
        ("mahl*", "Gemahlen"),
        ("ck", "Verpackung"),
        ('"blaue Mühle"', "Mühle blaue"),
        ("card", "Karte 4111 1111 1111 1111"),
        ("1111", "Karte 4111 1111 1111 1111"),
        (".*", "alles"),
        ("(", "("),
    ],
)
def test_what_the_search_does_not_find_is_no_hit(account, q, written):
    conversation = factories.make_conversation(account, text="Guten Tag")
    write(conversation, written)
    row = factories.fresh(conversation)
    asked = asked_of(row, q)

    assert asked is None or find_hits(row, asked, None).seqs == ()


def test_entries_with_most_of_the_words_are_the_hits(conversation):
    first = conversation.last_seq
    write(conversation, "der Rest ist gut", "der Mahlstein")

    assert seqs(conversation, "der mahlstein") == (first, first + 2)


def test_notes_count_and_event_lines_do_not(conversation, anna):
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Kulanz")
    note = factories.fresh(conversation).last_seq
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    assert seqs(conversation, "kulanz") == (note,)
    assert seqs(conversation, "resolved") == ()


@pytest.mark.parametrize(
    ("at", "number", "older", "newer"),
    [(3, 1, 0, 7), (7, 2, 3, 9), (9, 3, 7, 0), (0, 0, 9, 0)],
)
def test_hits_lead_to_their_neighbours(at, number, older, newer):
    hits = Hits((3, 7, 9), at)

    assert (hits.number, hits.older, hits.newer) == (number, older, newer)


def test_thread_opens_at_the_newest_hit(conversation, anna):
    last = long_thread(conversation, hits_at={30, 60})

    text = opened(anna, conversation, q="kulanz")

    assert shown(text) == list(range(60 - PAGE_SIZE // 2, 60 + PAGE_SIZE // 2))
    assert bar(text) == "2 of 2"
    assert text.count("um <mark>Kulanz</mark>") == 1
    assert text.count('id="hit"') == 1
    assert 'data-has-newer="true"' in text
    assert last not in shown(text)


def test_links_lead_to_the_other_hits_and_to_the_end(conversation, anna):
    last = long_thread(conversation, hits_at={30, 60})
    text = opened(anna, conversation, q="kulanz")
    assert re.search(r'href="[^"]*\?q=kulanz&amp;hit=30#hit"', text)
    assert re.search(r'id="newest" href="[^"]*\?q=kulanz&amp;hit=0"', text)

    first = opened(anna, conversation, q="kulanz", hit="30")
    assert bar(first) == "1 of 2"
    assert 30 in shown(first)
    assert "hit=60#hit" in first
    assert 'id="hit-older" role="link" aria-disabled="true"' in first

    end = opened(anna, conversation, q="kulanz", hit="0")
    assert bar(end) == "2 hits"
    assert shown(end)[-1] == last
    assert 'id="hit"' not in end
    assert "hit=60#hit" in end
    assert 'id="hit-newer" role="link" aria-disabled="true"' in end


@pytest.mark.parametrize("hit", ["x", "-1", "99999999999", "٣", "' OR 1=1"])
def test_a_hit_that_is_no_number_is_the_newest(conversation, anna, hit):
    long_thread(conversation, hits_at={30, 60})

    assert bar(opened(anna, conversation, q="kulanz", hit=hit)) == "2 of 2"


def test_an_entry_that_is_no_hit_leads_to_the_nearest(conversation, anna):
    long_thread(conversation, hits_at={30, 60})

    assert bar(opened(anna, conversation, q="kulanz", hit="41")) == "1 of 2"


def test_older_entries_are_marked_when_they_come(conversation, anna):
    long_thread(conversation, hits_at={30, 60})
    text = opened(anna, conversation, q="kulanz")
    [more] = re.findall(r'hx-get="([^"]*/messages/[^"]*)"', text)
    assert "q=kulanz&amp;before=" in more

    items = signed_in(anna).get(more.replace("&amp;", "&")).text

    assert shown(items)[-1] == 39
    assert items.count("um <mark>Kulanz</mark>") == 1


def test_without_hits_or_search_there_is_no_bar(conversation, anna):
    for query in ({}, {"q": "nowhere"}, {"q": "%%"}, {"hit": "1"}):
        text = opened(anna, conversation, **query)

        assert bar(text) is None
        assert shown(text)[-1] == conversation.last_seq


def test_hits_are_escaped_and_links_and_names_stay_whole(conversation, anna):
    write(
        conversation,
        '<b>Kulanz</b> https://example.com/kulanz <script>alert("kulanz")</script>',
    )

    text = opened(anna, conversation, q="kulanz <script>")

    assert "&lt;b&gt;<mark>Kulanz</mark>&lt;/b&gt;" in text
    assert ">https://example.com/kulanz</a>" in text
    assert "<script>alert" not in text
    assert "&lt;<mark>script</mark>&gt;alert(&quot;<mark>kulanz</mark>&quot;)" in text


def test_a_page_that_asks_for_what_is_beyond_the_end_gets_the_end(conversation, anna):
    text = opened(anna, conversation, before="999999999")

    assert shown(text)[-1] == conversation.last_seq


def test_threads_of_others_are_not_there(conversation):
    stranger = factories.owner_of(factories.make_account())

    response = signed_in(stranger).get(
        address("conversation", conversation), {"q": "mahlstein", "hit": "1"}
    )

    assert response.status_code == 404


@pytest.mark.parametrize("number", [1, 30])
def test_hits_cost_two_queries(conversation, anna, number, django_assert_num_queries):
    write(conversation, *["Kulanz"] * number)
    client = signed_in(anna)
    page = address("conversation", conversation)
    client.get(page, headers=THREAD)

    with django_assert_num_queries(7):
        client.get(page, headers=THREAD)
    with django_assert_num_queries(9):
        client.get(page, {"q": "kulanz"}, headers=THREAD)


def test_only_the_end_of_a_very_long_thread_is_looked_through(
    conversation, monkeypatch
):
    monkeypatch.setattr("conversations.thread_hits.MAX_ENTRIES", 3)
    first = conversation.last_seq
    write(conversation, "eins", "Mahlstein", "zwei")

    assert seqs(conversation, "mahlstein") == (first + 2,)
