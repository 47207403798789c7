"""The search above the list: every filter, chips to take back, and nonsense."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from conversations import services
from conversations.filtering import MAX_VALUES, network_of
from conversations.inbox import InboxQuery, list_page
from conversations.models import Conversation, Message, Tag
from tests import factories
from tests.conversations.desk import address, htmx, signed_in
from visitors.models import Visit

pytestmark = pytest.mark.django_db

INBOX = "/"


@pytest.fixture
def pair(account):
    """One that a filter is to find, and one that it is not."""
    channel = factories.make_channel(account)
    return [factories.make_conversation(channel=channel) for _ in range(2)]


def found(agent, address):
    page = list_page(agent, InboxQuery.parse(QueryDict(address)))
    return [row.pk for row in page.rows]


def change(conversation, **fields):
    Conversation.objects.filter(pk=conversation.pk).update(**fields)


# Each filter


def test_rating_is_any_of_those_chosen(account, anna):
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(4)]
    for row, rating in zip(rows, (1, 3, 5), strict=False):
        change(row, rating=rating)

    assert found(anna, "rating=1&rating=3") == [rows[1].pk, rows[0].pk]


def test_agents_are_any_of_those_chosen(account, anna):
    colleague = factories.make_agent(account, "Jonas Adler")
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(3)]
    services.join_conversation(conversation_id=rows[0].pk, agent=anna)
    services.join_conversation(conversation_id=rows[0].pk, agent=colleague)
    services.join_conversation(conversation_id=rows[1].pk, agent=colleague)

    both = f"agent={anna.pk}&agent={colleague.pk}"
    assert found(anna, both) == [rows[1].pk, rows[0].pk]


def test_groups_are_any_of_those_chosen(account, anna):
    channel = factories.make_channel(account)
    groups = [factories.make_group(account, name) for name in ("A", "B", "C")]
    rows = [
        factories.make_conversation(channel=channel, group=group) for group in groups
    ]

    chosen = f"group={groups[0].pk}&group={groups[2].pk}"
    assert found(anna, chosen) == [rows[2].pk, rows[0].pk]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("", [1, 0]), ("&tags=any", [1, 0]), ("&tags=all", [0]), ("&tags=none", [3, 2])],
)
def test_tags_are_any_all_or_none(account, anna, mode, expected):
    tags = [Tag.objects.create(account=account, name=name).pk for name in "abc"]
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(4)]
    for row, of_row in zip(rows, ([0, 1], [1], [2], []), strict=True):
        change(row, tag_ids=[tags[index] for index in of_row])

    asked = f"tag={tags[0]}&tag={tags[1]}{mode}"
    assert found(anna, asked) == [rows[index].pk for index in expected]


def test_channel_language_and_missed_are_filters(anna, pair):
    wanted, _other = pair
    change(wanted, channel_kind="email", language="de", missed_at=timezone.now())

    assert found(anna, "channel=email&channel=messenger") == [wanted.pk]
    assert found(anna, "language=de") == [wanted.pk]
    assert found(anna, "missed=1") == [wanted.pk]
    assert found(anna, "language=de&channel=website") == []


def test_days_are_whole_days_of_the_account(account, anna, pair):
    first, second = pair
    # 23:30 on 3 May and 00:30 on 4 May in Berlin.
    change(first, last_activity_at=datetime(2025, 5, 3, 21, 30, tzinfo=UTC))
    change(second, last_activity_at=datetime(2025, 5, 3, 22, 30, tzinfo=UTC))

    assert found(anna, "since=2025-05-03&until=2025-05-03") == [first.pk]
    assert found(anna, "since=2025-05-04") == [second.pk]
    assert found(anna, "until=2025-05-03") == [first.pk]
    assert found(anna, "since=2025-05-04&until=2025-05-03") == []


def test_files_are_a_filter(anna, pair):
    wanted, _other = pair
    Message.objects.filter(conversation=wanted).update(attachment_count=1)

    assert found(anna, "files=1") == [wanted.pk]


@pytest.mark.parametrize(
    ("ip", "finds"),
    [
        ("203.0.113.7", True),
        ("203.0.113.0/24", True),
        ("203.0.113.9/24", True),
        ("203.0.113.", True),
        ("203.0", True),
        ("203.", True),
        ("203.0.113.8", False),
        ("203.0.114.", False),
        ("2001:db8::/32", False),
    ],
)
def test_addresses_are_found_whole_by_network_and_by_beginning(anna, pair, ip, finds):
    wanted, other = pair
    for conversation, address_of in ((wanted, "203.0.113.7"), (other, "198.51.100.1")):
        visit_of(conversation, ip=address_of)

    assert found(anna, f"ip={ip}") == ([wanted.pk] if finds else [])


def test_beginning_of_a_new_address_is_a_network():
    assert network_of("2001:db8:") == (
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    )
    assert network_of("203") is None
    assert network_of("no address") is None


def visit_of(conversation, **fields):
    now = timezone.now()
    return Visit.objects.create(
        visitor=conversation.visitor, started_at=now, last_seen_at=now, **fields
    )


def test_between_filters_all_count(anna, pair):
    wanted, other = pair
    change(wanted, rating=1, language="de")
    change(other, rating=1, language="en")

    assert found(anna, "rating=1&language=de&channel=website") == [wanted.pk]


# Whose


def test_ids_of_another_account_find_nothing(account, anna, pair):
    stranger = factories.make_account()
    group = factories.make_group(stranger)
    tag = Tag.objects.create(account=stranger, name="theirs")
    factories.make_conversation(stranger, group=group)

    assert found(anna, f"group={group.pk}") == []
    assert found(anna, f"agent={factories.owner_of(stranger).pk}") == []
    assert found(anna, f"tag={tag.pk}") == []
    text = signed_in(anna).get(INBOX, {"tag": tag.pk, "group": group.pk}).text
    assert "theirs" not in text
    assert group.name not in text


def test_limited_agents_find_only_what_they_see(account, pair):
    group = factories.make_group(account, "Sales")
    own = factories.make_group(account)
    agent = factories.make_agent(account, "Mira Sahin", groups=(own,))
    change(pair[0], group=group, rating=1)
    change(pair[1], group=own, rating=1)

    assert found(agent, "rating=1") == [pair[1].pk]
    assert found(agent, f"rating=1&group={group.pk}") == []


# Nonsense


@pytest.mark.parametrize(
    "query",
    [
        "rating=2&rating=x",
        "rating=1%00",
        "group=x') OR 1=1--",
        "tag=" + "9" * 40,
        "tags=most",
        "channel=fax",
        "language=xx",
        "since=yesterday",
        "since=0001-01-01",
        "until=9999-12-31",
        "since=2025-02-30",
        "ip=999.1.1.1",
        "ip=203.0.113.0/99",
        "ip=%25",
        "ip=fe80::1%25eth0",
        "ip=fe80::%251/64",
        "files=yes",
        "sort=password",
        "visitor__account=1",
        "tag_ids__contains=1",
        "x') OR 1=1--=1",
    ],
)
def test_nonsense_is_left_out_and_said(anna, pair, query):
    response = signed_in(anna).get(f"{INBOX}?{query}")

    assert response.status_code == 200
    assert len(re.findall(r'id="conv-[0-9a-f-]{36}"', response.text)) == 2
    assert ("Not understood" in response.text) is not query.startswith("sort")


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "x" * 50_000,
        "url=%00",
        "q=%00%27%22%5C%3A*%26%7C!()",
        "url=%25_%5C",
        "ip=",
    ],
)
def test_hostile_texts_are_texts(anna, pair, query):
    assert signed_in(anna).get(f"{INBOX}?{query}").status_code == 200


@pytest.mark.parametrize("name", ["q", "url"])
def test_card_numbers_are_looked_for_by_their_marker(account, anna, name):
    hidden = services.start_conversation(
        visitor=factories.make_visitor(account),
        channel=factories.make_channel(account),
        data={"url": "https://shop.example.com/?pay=[card ····1111]"},
    )
    factories.visitor_writes(hidden, "4111 1111 1111 1111")
    services.update_documents(now=timezone.now())

    query = InboxQuery.parse(QueryDict(f"{name}=4111+1111-1111+1111"))

    assert getattr(query, name) == "[card ····1111]"
    assert found(anna, query.encoded) == [hidden.pk]


def test_names_that_are_left_out_are_escaped(anna):
    text = signed_in(anna).get(INBOX, {"<script>": "1"}).text

    assert "&lt;script&gt;" in text
    assert "<script>" not in text.replace('<script src="', "")


def test_two_hundred_conditions_are_cut(anna, pair):
    values = "&".join(f"group={number}" for number in range(1, 201))

    query = InboxQuery.parse(QueryDict(values))

    assert len(query.group) == MAX_VALUES
    assert query.ignored == ("group",)


# What the page shows


def test_query_is_the_address():
    asked = "status=resolved&rating=1&rating=3&tag=4&tags=all&since=2025-05-03&url=%2Fa"
    query = InboxQuery.parse(QueryDict(asked))

    assert query.encoded == asked.replace(
        "status=resolved&rating", "status=resolved&rating"
    )
    assert InboxQuery.parse(QueryDict(query.encoded)) == query


def test_chips_name_what_is_chosen_and_lead_to_the_list_without_it(account, anna):
    tag = Tag.objects.create(account=account, name="Complaint")
    query = {"status": "resolved", "rating": ["1", "3"], "tag": tag.pk, "ip": "203.0."}

    text = signed_in(anna).get(INBOX, query).text

    chips = re.findall(
        r'<span class="token"><span dir="auto">([^<]+)</span><a href="([^"]+)"', text
    )
    assert chips == [
        ("Rating: Okay, Bad", f"/?status=resolved&amp;tag={tag.pk}&amp;ip=203.0."),
        (
            "Tags: Complaint",
            "/?status=resolved&amp;rating=1&amp;rating=3&amp;ip=203.0.",
        ),
        (
            "IP address: 203.0.",
            f"/?status=resolved&amp;rating=1&amp;rating=3&amp;tag={tag.pk}",
        ),
    ]
    assert 'href="/?status=resolved">Reset' in text


def test_search_says_how_many_it_found(anna, pair):
    for conversation in pair:
        change(conversation, rating=1)
    client = signed_in(anna)

    assert "2 conversations found" in client.get(INBOX, {"rating": "1"}).text
    assert "conversations found" not in client.get(INBOX).text


def test_count_ends_somewhere(account, anna, monkeypatch):
    monkeypatch.setattr("conversations.inbox.PAGE_SIZE", 1)
    monkeypatch.setattr("conversations.inbox.MAX_COUNT", 2)
    monkeypatch.setattr("conversations.views.inbox.MAX_COUNT", 2)
    channel = factories.make_channel(account)
    for _ in range(3):
        change(factories.make_conversation(channel=channel), rating=1)

    text = signed_in(anna).get(INBOX, {"rating": "1"}).text

    assert "More than 2 conversations found" in text


def test_panel_opens_without_a_script(anna):
    client = signed_in(anna)

    closed = client.get(INBOX, {"status": "resolved"}).text
    opened = client.get(INBOX, {"status": "resolved", "panel": "1"}).text

    assert 'id="advanced" hidden' in closed
    assert 'id="advanced">' in opened
    assert "Not understood" not in opened


def test_list_is_swapped_beside_the_open_conversation(anna, pair):
    change(pair[0], rating=1)

    answer = signed_in(anna).get(
        address("conversation", pair[1]), {"rating": "1"}, headers=htmx("list")
    )

    assert answer.text.strip().startswith('<section class="pane pane--list" id="list"')
    assert "data-searched" in answer.text
    assert "1 conversation found" in answer.text


@pytest.mark.parametrize("number", [1, 3])
def test_search_costs_a_constant_number_of_queries(
    account, anna, number, django_assert_num_queries
):
    channel = factories.make_channel(account)
    for index in range(number):
        row = factories.make_conversation(channel=channel)
        change(row, rating=1, last_activity_at=timezone.now() - timedelta(hours=index))
        Tag.objects.create(account=account, name=f"tag {index}")
        factories.make_former_agent(account, f"Former {index}")
    client = signed_in(anna)
    client.get(INBOX)

    # Four of them limit the time of the search, within the test's transaction.
    with django_assert_num_queries(10):
        client.get(INBOX, {"rating": "1", "panel": "1"})
