"""Missed: the visitor left before anybody replied."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import groups, publisher, services
from conversations.counts import breakdown, counts_for
from conversations.groups import scope_of
from conversations.inbox import PAGE_SIZE, InboxQuery, list_page
from conversations.models import Conversation, Message
from conversations.rendering import render_row
from supportdesk.core import layer
from tests import factories
from tests.conversations.desk import address, htmx, signed_in

pytestmark = pytest.mark.django_db

INBOX = "/"
BADGE = '<span class="badge badge--red"'


@pytest.fixture
def pushed(monkeypatch):
    """What is sent to which layer group, in order."""
    sent = []
    monkeypatch.setattr(layer, "send", sent.extend)
    return sent


def miss(conversation, left_at=None):
    services.mark_missed(
        conversation_id=conversation.pk, left_at=left_at or timezone.now()
    )
    return factories.fresh(conversation)


def missed(account, **fields):
    return miss(factories.make_conversation(account, **fields))


def rows(response):
    return re.findall(r'<li class="conv[^"]*" id="conv-([0-9a-f-]+)"', response.text)


def ids(*conversations):
    return [str(conversation.public_id) for conversation in conversations]


def part(text, start, end):
    begin = text.index(start)
    return text[begin : text.index(end, begin)]


def row_of(response, conversation):
    return part(response.text, f'id="conv-{conversation.public_id}"', "</li>")


# Until when


def test_stays_missed_until_an_agent_answers(account, anna):
    left_at = timezone.now() - timedelta(minutes=3)
    conversation = miss(factories.make_conversation(account), left_at)

    factories.visitor_writes(conversation, "Hello?")
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Oh")
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    before = factories.fresh(conversation).missed_at
    factories.agent_writes(conversation, anna)

    assert before == left_at
    assert factories.fresh(conversation).missed_at is None


def test_answer_that_came_first_wins(account, anna):
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, anna)

    services.mark_missed(conversation_id=conversation.pk, left_at=timezone.now())

    assert factories.fresh(conversation).missed_at is None
    assert not conversation.messages.filter(event="missed").exists()


def test_answer_to_an_assigned_one_clears_it_too(account, anna):
    conversation = factories.make_conversation(account)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    miss(conversation)

    message = factories.agent_writes(conversation, anna)

    assert message.ends_missed is True
    assert factories.fresh(conversation).missed_at is None
    assert factories.agent_writes(conversation, anna).ends_missed is False


# The badge


def test_badge_takes_the_place_of_the_waiting_time(account, anna):
    waiting = factories.make_conversation(account)
    conversation = missed(account)

    response = signed_in(anna).get(INBOX)

    row = row_of(response, conversation)
    assert row.count(BADGE) == 1
    assert "</svg>Missed</span>" in row
    assert "badge--amber" not in row
    assert BADGE not in row_of(response, waiting)
    assert "badge--amber" in row_of(response, waiting)


def test_badge_stands_in_head_and_card(account, anna):
    visitor = factories.make_visitor(account)
    conversation = missed(account, visitor=visitor)
    answered = factories.make_conversation(account, visitor=visitor)
    factories.agent_writes(answered, anna)
    client = signed_in(anna)

    of_missed = client.get(address("conversation", conversation)).text
    of_answered = client.get(address("conversation", answered)).text

    assert BADGE in part(of_missed, 'id="thread-head"', "</header>")
    assert BADGE not in part(of_answered, 'id="thread-head"', "</header>")
    for text in (of_missed, of_answered):
        card = part(text, 'id="visitor-conversations-list"', "</ul>")
        others = card.split("</li>")
        assert [BADGE in other for other in others] == [False, True, False]


def test_badge_stays_on_one_resolved_without_an_answer(account, anna):
    conversation = missed(account)
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    response = signed_in(anna).get(INBOX, {"status": "resolved"})

    assert BADGE in row_of(response, conversation)


def test_badge_says_when_the_visitor_left_in_the_accounts_time(account, anna):
    at = timezone.now().replace(
        year=2020, month=7, day=1, hour=22, minute=30, second=0, microsecond=0
    )
    conversation = miss(factories.make_conversation(account), at)

    response = signed_in(anna).get(INBOX)

    # Europe/Berlin is two hours ahead of UTC in July.
    assert 'title="The visitor left (2 Jul 2020, 00:30) before' in row_of(
        response, conversation
    )


def test_pushed_row_has_badge_and_mark(account):
    conversation = missed(account)

    row = render_row(conversation)["en"]

    at = int(conversation.missed_at.timestamp() * 1000)
    assert f'data-missed="{at}"' in row
    assert BADGE in row


# The filter


def test_filter_shows_only_missed(account, anna):
    first, second = missed(account), missed(account)
    factories.make_conversation(account)
    answered = missed(account)
    factories.agent_writes(answered, anna)
    resolved = missed(account)
    services.resolve_conversation(conversation_id=resolved.pk, agent=anna)
    client = signed_in(anna)

    assert rows(client.get(INBOX, {"missed": "1"})) == ids(second, first)
    assert rows(client.get(INBOX, {"missed": "1", "status": "resolved"})) == ids(
        resolved
    )


@pytest.mark.parametrize("value", ["", "0", "2", "true", "1' OR '1'='1", "1" * 5000])
def test_other_values_count_as_not_given(account, anna, value):
    plain = factories.make_conversation(account)
    conversation = missed(account)

    response = signed_in(anna).get(INBOX, {"missed": value})

    assert rows(response) == ids(conversation, plain)
    assert "search__chips" not in response.text


def test_filter_goes_with_group_part_and_search(account, anna):
    repairs = factories.make_group(account)
    visitor = factories.make_visitor(account, name="Sofia Lindqvist")
    in_group = missed(account, group=repairs)
    mine = missed(account, visitor=visitor)
    services.join_conversation(conversation_id=mine.pk, agent=anna)
    client = signed_in(anna)

    def shown(**query):
        return rows(client.get(INBOX, {"missed": "1", **query}))

    assert shown(group=repairs.pk) == ids(in_group)
    assert shown(agent=anna.pk) == ids(mine)
    assert shown(show="mine") == ids(mine)
    services.resolve_conversation(conversation_id=mine.pk, agent=anna)
    services.resolve_conversation(conversation_id=in_group.pk, agent=anna)
    services.update_documents(now=timezone.now())
    assert shown(status="resolved", q="sofia") == ids(mine)


def test_menu_offers_it_with_its_number_and_the_chip_takes_it_away(account, anna):
    missed(account)
    factories.make_conversation(account)
    client = signed_in(anna)

    without = client.get(INBOX, {"sort": "unread"}).text
    filtered = client.get(INBOX, {"sort": "unread", "missed": "1"}).text

    menu = part(without, 'id="list-menu"', "</details>")
    assert 'href="/?missed=1&amp;sort=unread">Only missed' in menu
    assert '<span class="count push" data-count="missed">1</span>' in menu
    menu = part(filtered, 'id="list-menu"', "</details>")
    assert 'href="/?sort=unread" aria-current="true">Only missed' in menu
    chips = part(filtered, 'class="search__chips"', "</div>")
    assert ('href="/?sort=unread" aria-label="Remove filter: Only missed"') in chips
    assert 'data-missed="1"' in part(filtered, 'id="list"', ">")
    assert 'data-missed=""' in part(without, 'id="list"', ">")


def test_search_of_resolved_keeps_the_filter(account, anna):
    text = signed_in(anna).get(INBOX, {"status": "resolved", "missed": "1"}).text

    form = part(text, 'id="search"', "</form>")
    assert (
        '<input class="check" type="checkbox" name="missed" value="1" checked>' in form
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "appear here until somebody replies."),
        ({"status": "resolved"}, "Resolved conversations that nobody answered"),
        ({"show": "mine"}, "No conversation matches the filter."),
        ({"status": "resolved", "q": "x"}, "Nothing found"),
    ],
)
def test_empty_list_says_what_is_not_there(account, anna, query, said):
    factories.make_conversation(account)

    response = signed_in(anna).get(INBOX, {"missed": "1", **query})

    assert rows(response) == []
    assert said in part(response.text, 'class="empty"', "</section>")


@pytest.mark.parametrize("status", ["open", "resolved"])
@pytest.mark.parametrize("sort", ["activity", "waiting", "unread"])
def test_pages_hold_each_missed_once(account, anna, status, sort):
    channel = factories.make_channel(account)
    made = [factories.make_conversation(channel=channel) for _ in range(PAGE_SIZE + 12)]
    for conversation in made[:-5]:
        miss(conversation)
    at = timezone.now()
    for index, conversation in enumerate(made):
        if status == "resolved":
            services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
        Conversation.objects.filter(pk=conversation.pk).update(
            last_activity_at=at - timedelta(minutes=index // 3)
        )
    query = InboxQuery(status=status, missed="1", sort=sort)

    first = list_page(anna, query)
    last = list_page(anna, query, first.after)

    shown = [row.pk for row in first.rows + last.rows]
    assert (len(first.rows), last.after) == (PAGE_SIZE, "")
    assert sorted(shown) == [conversation.pk for conversation in made[:-5]]


@pytest.mark.parametrize("status", ["open", "resolved"])
def test_filter_is_read_in_the_order_of_its_index(account, anna, status):
    missed(account)
    query = InboxQuery(status=status, missed="1")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        list_page(anna, query, f"-_{10**15}_1")

    with connection.cursor() as cursor:
        # A table of few rows is not worth an index; the question is whether it fits.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    # Only the page that was chosen may be sorted again, and what its rows show.
    _page, _limit, chosen = plan.partition("Limit")
    chosen, _subplan, _rows = chosen.partition("SubPlan")
    assert re.search("Index (Only )?Scan using conv_missed on conversations_", chosen)
    # Tags of a row are sorted by name; the rows themselves are not.
    assert "Sort Key: conversations_conversation" not in chosen
    assert "last_activity_at DESC" not in chosen


# The numbers


def test_limited_agents_count_what_they_see(account):
    repairs = factories.make_group(account)
    sales = factories.make_group(account, "Sales")
    owner = factories.owner_of(account)
    mira = factories.make_agent(account, "Mira", groups=(repairs,))
    piet = factories.make_agent(account, "Piet", groups=(sales,))
    missed(account, group=repairs)
    missed(account)
    for agent in (mira, piet):
        conversation = factories.make_conversation(account, group=sales)
        services.assign_conversation(
            conversation_id=conversation.pk, agent=agent, by=owner
        )
        miss(conversation)
    factories.make_conversation(account, group=sales)
    missed(factories.make_account("Another"))
    resolved = missed(account)
    services.resolve_conversation(conversation_id=resolved.pk, agent=owner)

    parts = breakdown(account.pk)

    for agent, number in [(owner, 4), (mira, 3), (piet, 3)]:
        counts = counts_for(scope_of(agent), parts)
        lists = Conversation.objects.visible_to(agent).open().missed()
        assert counts.missed == lists.count() == number
        assert counts.as_dict()["missed"] == number


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("query", ["?missed=1", "?missed=1&status=resolved"])
def test_filter_costs_a_constant_number_of_queries(
    account, anna, number, query, django_assert_num_queries
):
    for index in range(2 * number):
        conversation = missed(account)
        services.join_conversation(conversation_id=conversation.pk, agent=anna)
        if index % 2:
            services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    client = signed_in(anna)
    client.get("/")

    with django_assert_num_queries(6):
        response = client.get(f"/{query}")

    assert len(rows(response)) == number


# The lines in the thread


def test_lines_say_what_happened_and_when(account, anna):
    conversation = factories.make_conversation(account)
    services.note_offline(conversation_id=conversation.pk)
    at = timezone.now().replace(hour=8, minute=26)
    missed_at = miss(conversation, at).missed_at
    Message.objects.filter(event="missed").update(created_at=at)

    text = signed_in(anna).get(address("conversation", conversation)).text

    clock = timezone.localtime(missed_at, account.tz).strftime("%H:%M")
    lines = [
        " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", line).split())
        for line in re.findall(r'<li class="event.*?</li>', text, re.S)
    ]
    assert [line[:-6] for line in lines][1:] == [
        "Written while nobody was online",
        f"Missed: the visitor left ({clock}) before anybody replied",
    ]
    assert 'class="event event--missed"' in text


def test_line_names_the_day_when_the_visitor_left_on_another(account, anna):
    at = timezone.now().replace(
        year=2020, month=7, day=1, hour=12, minute=30, second=0, microsecond=0
    )
    conversation = miss(factories.make_conversation(account), at)

    text = signed_in(anna).get(address("conversation", conversation)).text

    assert "the visitor left (1 Jul 2020, 14:30) before anybody replied" in text


@pytest.mark.parametrize(
    "data", [{}, {"left_at": None}, {"left_at": "<b>"}, {"left_at": "2020-01-01"}]
)
def test_line_without_a_time_still_says_it(account, anna, data):
    conversation = missed(account)
    Message.objects.filter(event="missed").update(data=data)

    text = signed_in(anna).get(address("conversation", conversation)).text

    assert "Missed: the visitor left before anybody replied" in text


def test_lines_are_no_activity(account, anna):
    conversation = factories.make_conversation(account)
    before = Conversation.objects.with_unread(anna).get()

    services.note_offline(conversation_id=conversation.pk)
    miss(conversation)

    after = Conversation.objects.with_unread(anna).get()
    for name in (
        "preview",
        "preview_by_agent",
        "last_activity_at",
        "waiting_since",
        "unread",
        "visitor_message_count",
        "last_public_seq",
    ):
        assert getattr(after, name) == getattr(before, name)
    assert after.last_seq == before.last_seq + 2
    assert list(
        conversation.messages.filter(event__in=["offline", "missed"]).values_list(
            "public_seq", flat=True
        )
    ) == [None, None]


# Who is told


def test_being_missed_is_pushed_with_row_and_head(account, pushed):
    conversation = missed(account)
    message = Message.objects.get(event="missed")
    message.conversation = conversation
    pushed.clear()

    publisher.publish_message(message)

    told = dict(pushed)
    [desk] = [told[name] for name in groups.audience_of(conversation)[:1]]
    assert desk["head"] is True
    assert BADGE in desk["row"]["en"]
    visitor = told[groups.visitor(conversation.visitor_id)]
    assert visitor["type"] == "visitor.state"
    assert "missed" not in str(visitor)
    assert told[groups.desk(account.pk)]["parts"]["none"]["missed"] == 1


def test_answer_to_a_missed_one_moves_row_head_and_numbers(
    account, anna, pushed, settings
):
    settings.ROW_PAUSE = 60
    conversation = factories.make_conversation(account)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    miss(conversation)
    message = factories.agent_writes(conversation, anna)
    again = factories.agent_writes(conversation, anna)

    publisher.publish_message(message)
    first = dict(pushed)
    pushed.clear()
    publisher.publish_message(again)
    second = dict(pushed)

    name = groups.audience_of(factories.fresh(conversation))[0]
    assert first[name]["head"] is True
    assert BADGE not in first[name]["row"]["en"]
    assert first[groups.desk(account.pk)]["parts"]["none"]["missed"] == 0
    assert second[name]["head"] is False
    assert groups.desk(account.pk) not in second


def test_answer_to_a_missed_one_is_told_to_the_card(account, anna, pushed, monkeypatch):
    told = []
    monkeypatch.setattr(
        publisher, "publish_visitor", lambda pk, sections: told.append(sections)
    )
    conversation = missed(account)
    line = Message.objects.get(event="missed")
    answer = factories.agent_writes(conversation, anna)

    for message in (line, answer, factories.agent_writes(conversation, anna)):
        message.conversation = factories.fresh(conversation)
        publisher.publish_message(message)

    assert told == [["conversations"], ["conversations"]]


def test_head_fragment_loses_the_badge(account, anna):
    conversation = missed(account)
    client = signed_in(anna)
    before = client.get(address("head", conversation), headers=htmx("thread-head"))

    factories.agent_writes(conversation, anna)

    after = client.get(address("head", conversation), headers=htmx("thread-head"))
    assert BADGE in before.text
    assert BADGE not in after.text
