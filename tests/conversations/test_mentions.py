"""Notes that name colleagues with @."""

import re
import time
import unicodedata

import pytest

from conversations import services
from conversations.access import agents_who_see
from conversations.mentions import MAX_MENTIONS, MAX_SPANS, Named, find_spans
from conversations.models import Conversation, Message
from conversations.rendering import render_message
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in

pytestmark = pytest.mark.django_db

ANNA, JONAS, MIRA = 1, 2, 3
TEAM = {ANNA: "Anna Berger", JONAS: "Jonas Adler", MIRA: "Mira Şahin"}


@pytest.fixture
def jonas(account):
    return factories.make_agent(account, "Jonas Adler")


def named(text, team=None, unseen=()):
    """Pieces of the text that name somebody, and whom."""
    agents = [Named(pk, name, pk not in unseen) for pk, name in (team or TEAM).items()]
    return [
        (text[span.start : span.end], list(span.ids))
        for span in find_spans(text, agents)
    ]


def note(conversation, agent, text):
    return services.add_note(conversation_id=conversation.pk, agent=agent, text=text)


# What is a mention


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Anna Berger, please", "@Anna Berger"),
        ("@Anna, please", "@Anna"),
        ("please @anna", "@anna"),
        ("please @ANNA BERGER!", "@ANNA BERGER"),
        ("(@Anna)", "@Anna"),
        ("„@Anna“", "@Anna"),
        ("@Anna's idea", "@Anna"),
        ("@Anna: this", "@Anna"),
        ("Ask @Anna.", "@Anna"),
        ("@Anna. Then", "@Anna"),
        ("-@Anna", "@Anna"),
        ("first\n@Anna\nlast", "@Anna"),
        ("@Anna   Berger", "@Anna   Berger"),
        ("@Anna\u00a0Berger", "@Anna\u00a0Berger"),
        ("@Anna\nBerger", "@Anna"),
        ("@Anna Bergerin", "@Anna"),
        ("@@Anna", "@Anna"),
        ("Hello 👋@Anna", "@Anna"),
    ],
)
def test_name_behind_an_at_is_a_mention(text, found):
    assert named(text) == [(found, [ANNA])]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "Anna Berger",
        "@ Anna",
        "x@anna.de",
        "ä@anna",
        "a_@Anna",
        "mailto:post@anna",
        "@anna.de",
        "@Anna@example.com",
        "@Annabel",
        "@Annas",
        "@Anna-Lena",
        "@Anna1",
        "@Anna_",
        "@Berger",
        "@Ann",
        "@Annä",
        "@Anna\u0301",
        "https://example.com/@Anna",
        "HTTPS://example.com/?to=@Anna",
    ],
)
def test_anything_else_is_none(text):
    assert named(text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Mira Şahin", "@MIRA ŞAHIN"),
        ("Jörg Weiß", "@JÖRG WEISS"),
        ("Jörg Weiss", "@jörg weiß"),
        ("Łukasz Żak", "@łukasz żak"),
        ("Ольга Ким", "@ОЛЬГА ким"),
        ("李 小龍", "@李 小龍"),
        ("مريم", "@مريم"),
        ("José", unicodedata.normalize("NFD", "@José")),
        (unicodedata.normalize("NFD", "José"), "@José"),
        ("İpek", "@İpek"),
        ("Anna-Lena O'Neil", "@anna-lena o'neil"),
        ("J. R. (Bob) +*?[^$|\\", "@J. R. (Bob) +*?[^$|\\"),
        ("(.*)+$", "@(.*)+$"),
        ("@home", "@@home"),
        ("A" * 255, "@" + "a" * 255),
        ("<b>Bob</b>", "@<b>Bob</b>"),
    ],
)
def test_names_of_all_kinds_are_found_however_written(name, text):
    assert named(f"So {text}, yes", {7: name}) == [(text, [7])]


def test_patterns_in_names_match_nothing_else():
    assert named("@Anna @xyz @.", {7: ".*", 8: "[A-Z]nna"}) == []


def test_longest_name_wins():
    team = {1: "Anna", 2: "Anna Berger", 3: "Anna Berger Lopez"}

    found = named("@Anna @Anna Berger @Anna Berger Lopez @Anna Berger Lopezz", team)

    assert [ids for _text, ids in found] == [[1], [2], [3], [2]]


def test_first_name_that_two_have_means_nobody():
    team = {1: "Anna Berger", 2: "anna Klein", 3: "Jonas"}

    assert named("@Anna and @Jonas, @Anna Klein", team) == [
        ("@Jonas", [3]),
        ("@Anna Klein", [2]),
    ]


def test_full_name_that_two_have_means_both():
    team = {1: "Anna Berger", 2: "Anna Berger"}

    assert named("@Anna Berger, @Anna", team) == [("@Anna Berger", [1, 2])]


def test_who_may_not_see_is_no_mention_nor_stands_for_another():
    team = {1: "Anna", 2: "Anna Berger", 3: "Anna Berger"}

    assert named("@Anna Berger", team, unseen={2, 3}) == []
    assert named("@Anna Berger", team, unseen={2}) == [("@Anna Berger", [3])]
    assert named("@Anna", {1: "Anna B.", 2: "Anna C."}, unseen={2}) == []


def test_agents_without_a_name_are_passed_by():
    assert named("@ @  @x", {1: "", 2: "  "}) == []


def test_at_most_so_many_agents_are_mentioned():
    team = {number: f"Agent{number}x" for number in range(1, 31)}
    text = " ".join(f"@{name}" for name in team.values()) + " @Agent1x"

    found = named(text, team)

    assert [ids for _text, ids in found] == [
        *([number] for number in range(1, MAX_MENTIONS + 1)),
        [1],
    ]
    assert len(named("@Anna " * 500)) == MAX_SPANS


@pytest.mark.parametrize(
    "piece", ["@", "@a", "@Anna ", "@ ", "https://@", "@" + "n" * 200]
)
def test_long_notes_take_no_time(piece):
    team = {number: ("n" * (number % 200)) + f"{number}" for number in range(400)}
    text = (piece * 10_000)[:10_000]
    started = time.thread_time()

    named(text, team)

    assert time.thread_time() - started < 2


# What is stored


def test_note_stores_who_is_mentioned_and_where(account, anna, jonas, conversation):
    text = "  Hi @Jonas, see 4111 1111 1111 1111, @jonas adler and @Anna"

    message = note(conversation, anna, text)

    stored = Message.objects.get(pk=message.pk)
    assert stored.data["mentions"] == [jonas.pk]
    assert [
        (stored.text[start:end], ids)
        for start, end, ids in stored.data["mention_spans"]
    ] == [
        ("@Jonas", [jonas.pk]),
        ("@jonas adler", [jonas.pk]),
        ("@Anna", [anna.pk]),
    ]
    assert "[card" in stored.text


def test_only_active_agents_of_the_account_who_may_see_it_are_mentioned(account, anna):
    sales, repairs = factories.make_group(account), factories.make_group(account, "R")
    inside = factories.make_agent(account, "Inside", groups=(sales,))
    factories.make_agent(account, "Outside", groups=(repairs,))
    everywhere = factories.make_agent(account, "Everywhere")
    assigned = factories.make_agent(account, "Assigned", groups=(repairs,))
    gone = factories.make_agent(account, "Gone", groups=(sales,))
    User.objects.filter(pk=gone.pk).update(is_active=False)
    factories.make_agent(factories.make_account("Another"), "Stranger")
    conversation = factories.make_conversation(account, group=sales)
    services.assign_conversation(
        conversation_id=conversation.pk, agent=assigned, by=anna
    )

    text = "@Stranger @Gone @Assigned @Everywhere @Outside @Inside"
    message = note(conversation, anna, text)

    assert message.data["mentions"] == [assigned.pk, everywhere.pk, inside.pk]


def test_name_of_an_inactive_agent_leaves_the_first_name_to_the_other(
    account, anna, jonas, conversation
):
    former = factories.make_agent(account, "Jonas Former")
    User.objects.filter(pk=former.pk).update(is_active=False)

    assert note(conversation, anna, "@Jonas").data["mentions"] == [jonas.pk]


@pytest.mark.parametrize("text", ["No name", "x@anna.de", "@nobody"])
def test_note_that_names_nobody_stores_nothing(anna, jonas, conversation, text):
    assert note(conversation, anna, text).data == {}


def test_messages_mention_nobody(anna, jonas, conversation):
    message = factories.agent_writes(conversation, anna, "@Jonas will help")
    written = factories.visitor_writes(conversation, "Thank you @Jonas")

    assert (message.data, written.data) == ({}, {})
    assert "data-mentions" not in render_message(message)["en"]


@pytest.mark.parametrize("number", [1, 3])
def test_mentions_cost_one_query(
    account, anna, conversation, number, django_assert_num_queries
):
    for index in range(number):
        factories.make_agent(account, f"Agent{index}")
    text = " ".join(f"@Agent{index}" for index in range(number))

    # Savepoint, lock, agents, entry, release.
    with django_assert_num_queries(5):
        message = note(conversation, anna, text)
    with django_assert_num_queries(4):
        note(conversation, anna, "Nobody is named")

    assert len(message.data["mentions"]) == number


def test_who_sees_is_the_other_side_of_what_is_visible(account, anna):
    sales, repairs = factories.make_group(account), factories.make_group(account, "R")
    agents = [
        anna,
        factories.owner_of(account),
        factories.make_agent(account),
        factories.make_agent(account, groups=(sales,)),
        factories.make_agent(account, groups=(repairs,)),
        factories.make_agent(account, groups=(sales, repairs)),
        factories.make_agent(account, role=Role.FULL, groups=(repairs,)),
        factories.make_agent(factories.make_account("Another"), role=Role.FULL),
    ]
    inactive = factories.make_agent(account)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    rows = [
        factories.make_conversation(account, group=group)
        for group in (sales, repairs, None, sales)
    ]
    services.assign_conversation(conversation_id=rows[3].pk, agent=agents[4], by=anna)

    for row in rows:
        seeing = list(agents_who_see(row).order_by("pk"))
        expected = [
            agent
            for agent in User.objects.order_by("pk")
            if Conversation.objects.visible_to(agent).filter(pk=row.pk).exists()
        ]
        assert seeing == expected


# How it is shown


def marked(html):
    return re.findall(
        r'<span class="(mention[^"]*)" data-mentions="([^"]*)">(.*?)</span>', html
    )


def test_thread_marks_names_and_the_readers_own_more(
    account, anna, jonas, conversation
):
    note(conversation, anna, "@Jonas, ask <b>@Anna</b>\n\nor\n@Jonas Adler")

    text = signed_in(jonas).get(address("conversation", conversation)).text

    assert marked(text) == [
        ("mention mention--me", str(jonas.pk), "@Jonas"),
        ("mention", str(anna.pk), "@Anna"),
        ("mention mention--me", str(jonas.pk), "@Jonas Adler"),
    ]
    assert "ask &lt;b&gt;<span" in text


def test_catching_up_marks_them_too(anna, jonas, conversation):
    note(conversation, anna, "@Jonas")

    response = signed_in(jonas).get(
        address("messages", conversation), {"after": 1}, headers=HTMX
    )

    assert [kind for kind, _ids, _name in marked(response.text)] == [
        "mention mention--me"
    ]


def test_pushed_note_is_the_same_for_all(anna, jonas, conversation):
    message = note(conversation, anna, "@Jonas")

    html = render_message(message)["en"]

    assert marked(html) == [("mention", str(jonas.pk), "@Jonas")]


def test_mark_stays_when_the_agent_is_renamed_or_gone(anna, jonas, conversation):
    note(conversation, anna, "@Jonas, please")
    client = signed_in(anna)
    pk = str(jonas.pk)

    User.objects.filter(pk=pk).update(name="Johanna")
    renamed = client.get(address("conversation", conversation)).text
    User.objects.filter(pk=pk).delete()
    gone = client.get(address("conversation", conversation)).text

    assert marked(renamed) == marked(gone) == [("mention", pk, "@Jonas")]


def test_links_and_card_numbers_beside_names_stay(anna, jonas, conversation):
    message = note(
        conversation,
        anna,
        "@Jonas https://example.com/@Jonas 4111 1111 1111 1111 @Jonas",
    )

    html = render_message(message)["en"]

    assert [name for _kind, _ids, name in marked(html)] == ["@Jonas", "@Jonas"]
    assert 'href="https://example.com/@Jonas"' in html
    assert 'class="redacted"' in html


def test_name_with_markup_is_escaped(account, anna, conversation):
    factories.make_agent(account, "<img src=x>")

    html = render_message(note(conversation, anna, "@<img src=x>"))["en"]

    assert [name for _kind, _ids, name in marked(html)] == ["@&lt;img src=x&gt;"]
    assert "<img" not in html


@pytest.mark.parametrize(
    "spans", [[[0, 99, [1]]], [[1, 3, [1]]], [[3, 0, [1]]], [[0, 0, [1]]], []]
)
def test_places_that_do_not_fit_the_text_are_passed_by(anna, conversation, spans):
    message = note(conversation, anna, "@Jonas")
    message.data = {"mentions": [1], "mention_spans": spans}

    html = render_message(message)["en"]

    assert marked(html) == []
    assert '<p dir="auto">@Jonas</p>' in html
