import re
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services
from conversations.models import Message
from conversations.thread import PAGE_SIZE
from tests import factories
from tests.conversations.desk import address, htmx, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(account):
    visitor = factories.make_visitor(account, name="Katharina Vogt")
    return factories.make_conversation(account, visitor=visitor)


def seqs(response):
    return [int(seq) for seq in re.findall(r'<li [^>]*data-seq="(\d+)"', response.text)]


def item(response, message):
    start = response.text.index(f'id="message-{message.public_id}"')
    start = response.text.rindex("<li", 0, start)
    return response.text[start : response.text.index("</li>", start)]


# The page and its parts


def test_conversation_opens_beside_the_list(anna, conversation):
    response = signed_in(anna).get(address("conversation", conversation))

    assert "<html" in response.text
    assert f'data-conversation="{conversation.public_id}"' in response.text
    assert f'id="conv-{conversation.public_id}"' in response.text
    assert 'id="visitor-card" aria-label="Visitor" data-visitor="' in response.text
    assert 'data-view="thread"' in response.text
    assert "<title>Katharina Vogt · Moor &amp; Mühle</title>" in response.text


def test_htmx_gets_thread_and_card_only(anna, conversation):
    response = signed_in(anna).get(
        address("conversation", conversation), headers=htmx("thread")
    )

    assert response.text.strip().startswith('<section class="pane pane--thread"')
    assert (
        'id="visitor-card" aria-label="Visitor" hx-swap-oob="outerHTML"'
        in response.text
    )
    assert 'id="conv-list"' not in response.text


def test_card_of_the_same_visitor_stays(anna, account, conversation):
    other = factories.make_conversation(account, visitor=conversation.visitor)
    card = htmx("thread") | {"X-Visitor-Card": str(conversation.visitor.public_id)}

    same = signed_in(anna).get(address("conversation", other), headers=card)
    another = signed_in(anna).get(
        address("conversation", factories.make_conversation(account)), headers=card
    )

    assert 'id="visitor-card"' not in same.text
    assert f'data-visitor="{conversation.visitor.public_id}"' in same.text
    assert 'id="visitor-card"' in another.text
    assert "X-Visitor-Card" in same["Vary"]


def test_links_keep_the_filter_of_the_list(anna, conversation):
    response = signed_in(anna).get(
        address("conversation", conversation), {"show": "unassigned", "evil": "1"}
    )

    link = address("conversation", conversation) + "?show=unassigned"
    assert f'class="conv__link" href="{link}"' in response.text
    assert 'name="next_query" value="show=unassigned"' in response.text


@pytest.mark.parametrize("name", ["conversation", "messages", "head"])
def test_strangers_conversation_is_not_there(anna, name):
    stranger = factories.make_conversation()

    response = signed_in(anna).get(address(name, stranger))

    assert response.status_code == 404


@pytest.mark.parametrize("name", ["conversation", "messages", "head"])
def test_conversation_of_a_foreign_group_is_not_there(account, name):
    own, other = factories.make_group(account), factories.make_group(account, "Sales")
    agent = factories.make_agent(account, groups=(own,))
    conversation = factories.make_conversation(account, group=other)

    response = signed_in(agent).get(address(name, conversation))

    assert response.status_code == 404


# Entries


def test_first_page_ends_with_the_newest(anna, conversation):
    for number in range(PAGE_SIZE + 5):
        factories.visitor_writes(conversation, f"Message {number}")
    conversation.refresh_from_db()

    response = signed_in(anna).get(address("conversation", conversation))

    last = conversation.last_seq
    assert seqs(response) == list(range(last - PAGE_SIZE + 1, last + 1))
    assert 'data-has-older="true"' in response.text
    assert f"?before={last - PAGE_SIZE + 1}" in response.text


def test_older_messages_come_page_by_page_until_the_first(anna, conversation):
    for number in range(PAGE_SIZE + 5):
        factories.visitor_writes(conversation, f"Message {number}")
    client = signed_in(anna)

    fragment = client.get(address("messages", conversation), {"before": 8})
    page = client.get(address("conversation", conversation), {"before": 8})

    assert seqs(fragment) == seqs(page) == list(range(1, 8))
    assert 'id="older"' not in fragment.text
    assert "Newest messages" in page.text


def test_catching_up_brings_exactly_what_came_after(anna, conversation):
    written = [factories.visitor_writes(conversation, f"No. {n}") for n in range(3)]

    response = signed_in(anna).get(
        address("messages", conversation), {"after": written[0].seq}
    )

    assert seqs(response) == [written[1].seq, written[2].seq]
    assert response["X-Last-Seq"] == str(written[2].seq)
    assert "<section" not in response.text


@pytest.mark.parametrize("value", ["-1", "x", "9" * 30, "²"])
def test_catching_up_from_nowhere_is_the_newest_page(anna, conversation, value):
    response = signed_in(anna).get(address("messages", conversation), {"after": value})

    assert seqs(response) == [1, 2]


def test_day_lines_stand_where_a_day_begins(anna, conversation):
    today = factories.visitor_writes(conversation, "Today")
    yesterday = timezone.now() - timedelta(days=1)
    Message.objects.filter(seq__lt=today.seq).update(created_at=yesterday)

    response = signed_in(anna).get(address("conversation", conversation))

    days = re.findall(r'<li class="day"[^>]*><time[^>]*>([^<]+)', response.text)
    assert [day.split(",")[0] for day in days] == ["Yesterday", "Today"]
    older = signed_in(anna).get(
        address("messages", conversation), {"after": today.seq - 1}
    )
    assert older.text.count('class="day"') == 1


def test_neighbours_of_one_author_stand_together(anna, conversation):
    factories.visitor_writes(conversation, "Second")
    factories.agent_writes(conversation, anna, "Answer")
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Note")

    response = signed_in(anna).get(address("conversation", conversation))

    kinds = re.findall(r'<li class="(msg[^"]*|event)" id="message-', response.text)
    assert kinds == [
        "event",
        "msg msg--visitor",
        "msg msg--visitor msg--cont",
        "event",
        "msg msg--agent",
        "msg msg--note",
    ]


def test_newest_seen_answer_is_marked(anna, conversation):
    first = factories.agent_writes(conversation, anna, "One")
    second = factories.agent_writes(conversation, anna, "Two")
    services.mark_seen_by_visitor(
        conversation_id=conversation.pk, public_seq=first.public_seq
    )

    response = signed_in(anna).get(address("conversation", conversation))

    assert "data-seen hidden" not in item(response, first)
    assert "data-seen hidden" in item(response, second)


def test_event_lines_say_who_did_what(account, anna, conversation):
    jonas = factories.make_agent(account, "Jonas Adler")
    group = factories.make_group(account, "Repairs")
    pk = conversation.pk
    services.join_conversation(conversation_id=pk, agent=anna)
    services.assign_conversation(conversation_id=pk, agent=jonas, by=anna)
    services.unassign_conversation(conversation_id=pk, agent=jonas, by=anna)
    services.change_group(conversation_id=pk, group=group, by=anna)
    services.change_group(conversation_id=pk, group=None, by=anna)
    services.change_contact(
        conversation_id=pk, agent=anna, name="Kat", phone="0341 5550148"
    )
    services.unassign_conversation(conversation_id=pk, agent=anna, by=anna)
    services.resolve_conversation(conversation_id=pk, agent=anna)
    services.rate_conversation(conversation_id=pk, rating=5, comment="Great <b>help")
    services.reopen_conversation(conversation_id=pk, agent=anna)
    services.resolve_conversation(conversation_id=pk, agent=anna)
    factories.visitor_writes(conversation, "One more thing")

    response = signed_in(anna).get(address("conversation", conversation))

    lines = re.findall(
        r'<li class="(?:event|rated)[^"]*" id="message.*?</li>', response.text, re.S
    )
    said = [
        " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", line).split()) for line in lines
    ]
    said = [re.sub(r" \d\d:\d\d$", "", line) for line in said]
    assert said == [
        "Conversation started",
        "Anna Berger joined the conversation",
        "Anna Berger assigned the conversation to Jonas Adler",
        "Anna Berger removed Jonas Adler from the conversation",
        "Anna Berger handed the conversation to Repairs",
        "Anna Berger took the conversation out of its group",
        "Anna Berger changed the contact details: name, phone",
        "Anna Berger left the conversation",
        "Anna Berger resolved the conversation",
        "Rating: Good The visitor rated this conversation: Good Great &lt;b&gt;help",
        "Anna Berger reopened the conversation",
        "Anna Berger resolved the conversation",
        "Reopened by a new message from the visitor",
    ]


def test_times_are_those_of_the_accounts_clock(anna, conversation):
    at = timezone.now().replace(
        year=2020, month=7, day=1, hour=22, minute=30, second=0, microsecond=0
    )
    Message.objects.update(created_at=at)

    response = signed_in(anna).get(address("conversation", conversation))

    # Europe/Berlin is two hours ahead of UTC in July.
    assert 'id="day-2020-07-02"' in response.text
    assert ">00:30</time>" in response.text


def test_thread_is_german_for_who_chose_german(account, conversation):
    agent = factories.make_agent(account, language="de")

    response = signed_in(agent).get(address("conversation", conversation))

    assert '<html lang="de"' in response.text
    assert f'class="bubble" lang="{conversation.language}"' in response.text


# The card


def test_card_lists_visible_previous_conversations(account):
    own, other = factories.make_group(account), factories.make_group(account, "Sales")
    agent = factories.make_agent(account, groups=(own,))
    visitor = factories.make_visitor(account, name="Katharina Vogt")
    made = {
        text: factories.make_conversation(
            account, visitor=visitor, group=group, text=text
        )
        for text, group in [("This one", own), ("Before", None), ("Hidden", other)]
    }
    factories.make_conversation(account, text="Somebody else")

    response = signed_in(agent).get(
        address("conversation", made["This one"]), headers=htmx("thread")
    )

    links = re.findall(r'class="mini" href="([^"]+)"', response.text)
    assert links == [
        address("conversation", made[text]) for text in ("Before", "This one")
    ]


# What it costs


@pytest.mark.parametrize("number", [1, 30])
def test_thread_costs_a_constant_number_of_queries(
    account, number, django_assert_num_queries, upload
):
    group = factories.make_group(account)
    agent = factories.make_agent(account, groups=(group,))
    visitor = factories.make_visitor(account)
    for _ in range(number):
        conversation = factories.make_conversation(account, visitor=visitor)
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    for _ in range(number):
        factories.agent_writes(conversation, agent, uploads=[upload()])
    client = signed_in(agent)
    client.get("/")

    with django_assert_num_queries(9):
        client.get(address("conversation", conversation))
    with django_assert_num_queries(7):
        client.get(address("conversation", conversation), headers=htmx("thread"))
    with django_assert_num_queries(4):
        client.get(address("messages", conversation), {"after": 1})
