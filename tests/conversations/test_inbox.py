import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from conversations import services
from conversations.inbox import PAGE_SIZE, InboxQuery, list_page
from conversations.models import Conversation
from conversations.sidebar import sidebar_of
from supportdesk.accounts.models import User
from tests import factories
from tests.conversations.desk import address, htmx, signed_in

pytestmark = pytest.mark.django_db

INBOX = "/"


def rows(response):
    """Conversations in the list, by the ids of their rows."""
    return re.findall(r'<li class="conv[^"]*" id="conv-([0-9a-f-]+)"', response.text)


def ids(*conversations):
    return [str(conversation.public_id) for conversation in conversations]


def set_activity(conversation, minutes_ago):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    Conversation.objects.filter(pk=conversation.pk).update(last_activity_at=at)


def many(account, number):
    channel = factories.make_channel(account)
    return [factories.make_conversation(channel=channel) for _ in range(number)]


# Which rows, in which order


def test_inbox_shows_open_conversations_latest_first(account, anna):
    first, second, resolved = many(account, 3)
    services.resolve_conversation(conversation_id=resolved.pk, agent=anna)

    response = signed_in(anna).get(INBOX)

    assert rows(response) == ids(second, first)


def test_inbox_shows_resolved_conversations_when_asked(account, anna):
    _open, resolved = many(account, 2)
    services.resolve_conversation(conversation_id=resolved.pk, agent=anna)

    response = signed_in(anna).get(INBOX, {"status": "resolved"})

    assert rows(response) == ids(resolved)


@pytest.mark.parametrize(
    ("show", "expected"),
    [("mine", [0]), ("unassigned", [2]), ("others", [1]), ("all", [2, 1, 0])],
)
def test_inbox_parts_hold_what_their_names_say(account, anna, show, expected):
    colleague = factories.make_agent(account, "Jonas Adler")
    mine, others, _free = conversations = many(account, 3)
    services.join_conversation(conversation_id=mine.pk, agent=anna)
    services.join_conversation(conversation_id=others.pk, agent=colleague)

    response = signed_in(anna).get(INBOX, {"show": show})

    assert rows(response) == ids(*[conversations[index] for index in expected])


def test_inbox_counts_are_those_of_its_parts(account, anna):
    colleague = factories.make_agent(account, "Jonas Adler")
    mine, others, _free, _free2 = many(account, 4)
    services.join_conversation(conversation_id=mine.pk, agent=anna)
    services.join_conversation(conversation_id=others.pk, agent=colleague)

    response = signed_in(anna).get(INBOX)

    counts = dict(re.findall(r'data-count="(\w+)">(\d+)<', response.text))
    assert counts == {
        "open": "4",
        "mine": "1",
        "unassigned": "2",
        "others": "1",
        "all": "4",
        "missed": "0",
        "snoozed": "0",
    }


def test_inbox_filters_by_group_and_agent(account, anna):
    group = factories.make_group(account)
    channel = factories.make_channel(account)
    in_group = factories.make_conversation(channel=channel, group=group)
    assigned = factories.make_conversation(channel=channel)
    services.join_conversation(conversation_id=assigned.pk, agent=anna)
    client = signed_in(anna)

    assert rows(client.get(INBOX, {"group": group.pk})) == ids(in_group)
    assert rows(client.get(INBOX, {"agent": anna.pk})) == ids(assigned)


def test_limited_agent_sees_own_groups_no_group_and_assigned(account):
    own, other = factories.make_group(account), factories.make_group(account, "Sales")
    agent = factories.make_agent(account, "Mira Sahin", groups=(own,))
    channel = factories.make_channel(account)
    in_own = factories.make_conversation(channel=channel, group=own)
    in_none = factories.make_conversation(channel=channel)
    factories.make_conversation(channel=channel, group=other)
    assigned = factories.make_conversation(channel=channel, group=other)
    services.assign_conversation(
        conversation_id=assigned.pk, agent=agent, by=factories.owner_of(account)
    )

    response = signed_in(agent).get(INBOX)

    assert rows(response) == ids(assigned, in_none, in_own)


def test_inbox_holds_nothing_of_another_account(anna):
    stranger = factories.make_conversation(text="Not yours")

    response = signed_in(anna).get(INBOX)

    assert rows(response) == []
    assert "Not yours" not in response.text
    assert stranger.visitor.display_name not in response.text


def test_search_finds_name_and_email_of_resolved_only(account, anna):
    channel = factories.make_channel(account)
    people = [
        {"name": "Katharina Vogt"},
        {"email": "k.vogt@example.net"},
        {"name": "Emre"},
    ]
    found = []
    for contact in people:
        visitor = factories.make_visitor(account, **contact)
        found.append(factories.make_conversation(channel=channel, visitor=visitor))
        services.resolve_conversation(conversation_id=found[-1].pk, agent=anna)
    visitor = factories.make_visitor(account, name="Vogt, still open")
    factories.make_conversation(channel=channel, visitor=visitor)
    services.update_documents(now=timezone.now())

    response = signed_in(anna).get(INBOX, {"status": "resolved", "q": "vogt"})

    assert sorted(rows(response)) == sorted(ids(found[0], found[1]))


def test_search_takes_wildcards_literally(account, anna):
    [conversation] = many(account, 1)
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    response = signed_in(anna).get(INBOX, {"status": "resolved", "q": "%"})

    assert rows(response) == []
    assert "Nothing found" in response.text


@pytest.mark.parametrize(
    "query",
    [
        {"status": "spam"},
        {"show": "x') OR 1=1--"},
        {"group": "1; drop"},
        {"group": "9" * 40},
        {"agent": "-1"},
        {"sort": "password"},
        {"after": "nonsense"},
        {"after": "9" * 30 + "_1_1"},
    ],
)
def test_values_that_are_none_count_as_not_given(account, anna, query):
    [conversation] = many(account, 1)

    response = signed_in(anna).get(INBOX, query)

    assert response.status_code == 200
    assert rows(response) == ids(conversation)


# Page by page


@pytest.mark.parametrize("sort", ["activity", "waiting", "unread"])
def test_pages_hold_each_row_once_in_order(account, anna, sort):
    conversations = many(account, PAGE_SIZE + 7)
    for index, conversation in enumerate(conversations):
        if index % 3 == 0:
            factories.agent_writes(conversation, anna)
        if index % 4 == 0:
            services.mark_read(conversation=conversation, agent=anna)
        set_activity(conversation, minutes_ago=index // 2)
    query = InboxQuery(sort=sort)
    everything = list_page(anna, query)
    last = list_page(anna, query, everything.after)

    shown = [row.pk for row in everything.rows + last.rows]

    assert len(everything.rows) == PAGE_SIZE
    assert last.after == ""
    assert sorted(shown) == sorted(row.pk for row in conversations)
    assert shown == [row.pk for row in expected_order(anna, sort)]


def expected_order(agent, sort):
    rows = list(Conversation.objects.with_unread(agent))
    rows.sort(key=lambda row: (row.last_activity_at, row.pk), reverse=True)
    if sort == "waiting":
        far = timezone.now() + timedelta(days=1)
        rows.sort(key=lambda row: row.waiting_since or far)
    if sort == "unread":
        rows.sort(key=lambda row: row.unread == 0)
    return rows


def test_next_page_is_rows_only_for_htmx_and_a_page_without(account, anna):
    many(account, PAGE_SIZE + 1)
    client = signed_in(anna)
    first = client.get(INBOX)
    link = re.search(r'href="/\?(after=[^"]+)"', first.text).group(1)

    fragment = client.get(f"/?{link}", headers=htmx("next-rows"))
    page = client.get(f"/?{link}")

    assert len(rows(first)) == PAGE_SIZE
    assert rows(fragment) == rows(page)
    assert len(rows(fragment)) == 1
    assert "<html" not in fragment.text
    assert "<html" in page.text


def test_list_is_sent_alone_when_htmx_asks_for_it(account, anna):
    [conversation] = many(account, 1)
    client = signed_in(anna)

    response = client.get(INBOX, headers=htmx("list"))
    beside = client.get(address("conversation", conversation), headers=htmx("list"))

    assert response.text.strip().startswith("<section")
    assert rows(response) == ids(conversation)
    assert 'aria-current="true"' in beside.text
    assert "HX-Request" in response["Vary"]


def test_restored_history_gets_the_whole_page(account, anna):
    headers = {**htmx("list"), "HX-History-Restore-Request": "true"}

    response = signed_in(anna).get(INBOX, headers=headers)

    assert "<html" in response.text


# What a row holds


def test_row_says_who_is_waiting_for_whom(account, anna):
    visitor = factories.make_visitor(account, name="Katharina Vogt")
    conversation = factories.make_conversation(account, visitor=visitor)

    response = signed_in(anna).get(INBOX)

    row = row_of(response, conversation)
    assert 'data-unread="1"' in row
    assert 'aria-label="To resolve: Katharina Vogt"' in row
    assert "Unassigned" in row
    assert "Waiting for an answer" in row


def test_row_after_an_answer_shows_owner_and_no_waiting(account, anna):
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, anna, "On its way")

    response = signed_in(anna).get(INBOX)

    row = row_of(response, conversation)
    assert ">Anna</span>" in row
    assert '<span class="sr-only">Answer: </span>On its way' in row
    assert "Waiting for an answer" not in row


def test_row_without_right_has_no_resolve_button(account):
    agent = factories.make_agent(account)
    conversation = factories.make_conversation(account)
    client = signed_in(agent)
    before = row_of(client.get(INBOX), conversation)

    services.join_conversation(conversation_id=conversation.pk, agent=agent)
    after = row_of(client.get(INBOX), conversation)

    assert "data-resolve" not in before
    assert "data-resolve" in after


def row_of(response, conversation):
    start = response.text.index(f'id="conv-{conversation.public_id}"')
    return response.text[start : response.text.index("</li>", start)]


# Nothing to show


def test_empty_own_queue_points_to_the_unassigned(account, anna):
    many(account, 2)

    response = signed_in(anna).get(INBOX, {"show": "mine"})

    assert "All done" in response.text
    assert "2 conversations do not have an agent yet." in response.text
    assert 'href="/?show=unassigned">Show unassigned' in response.text


def test_new_account_is_told_how_to_begin(anna):
    response = signed_in(anna).get(INBOX)

    assert "No conversations yet" in response.text


def test_nothing_selected_says_so(account, anna):
    many(account, 1)

    response = signed_in(anna).get(INBOX)

    assert "No conversation selected" in response.text
    assert 'data-view="list"' in response.text


# Who gets in


def test_platform_operator_is_sent_to_admin():
    operator = User.objects.create_superuser("root@example.com", "x", name="Root")

    response = signed_in(operator).get(INBOX)

    assert (response.status_code, response["Location"]) == (302, reverse("admin:index"))


def test_stranger_is_sent_to_the_login(client):
    response = client.get(INBOX)

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_inbox_is_read_only(anna):
    assert signed_in(anna).post(INBOX).status_code == 405


# What it costs


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize("query", ["", "?status=resolved", "?sort=unread&show=mine"])
def test_inbox_costs_a_constant_number_of_queries(
    account, number, query, django_assert_num_queries
):
    agents = [factories.make_agent(account, f"Agent {n}") for n in range(3)]
    group = factories.make_group(account)
    group.agents.add(agents[0])
    for conversation in many(account, number):
        for agent in agents:
            services.join_conversation(conversation_id=conversation.pk, agent=agent)
    client = signed_in(agents[0])
    client.get("/")

    with django_assert_num_queries(6):
        client.get(f"/{query}")


def test_badge_of_unread_looks_at_the_latest_only(account, anna, monkeypatch):
    conversations = many(account, 3)
    monkeypatch.setattr("conversations.sidebar.MAX_LOOKED_AT", 2)

    unread = sidebar_of(anna).unread_ids

    assert sorted(unread) == sorted(str(row.public_id) for row in conversations[1:])
